package dev.registrymirror.agent.store;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.telemetry.Log;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the tags of this node's images point to, and the registries seen. Replaced as a whole on the
 * store's thread, read from any.
 */
public final class Tags {

  private static final Log log = Log.of("store");

  /** More registries than a node can mean: a guard against names made up. */
  public static final int MAX_REGISTRIES = 1024;

  private final BlobStore.Listener listener;
  private final Set<String> registries = new HashSet<>();

  // Never changed once it is here.
  private volatile Map<Tag, Pointer> tags = Map.of();

  /**
   * What an image's name points to.
   *
   * @param seen when the store was last told so
   */
  public record Pointer(Digest digest, Instant seen) {}

  public Tags(BlobStore.Listener listener) {
    this.listener = listener;
  }

  /** As {@link BlobStore#resolve}. */
  public Optional<Digest> resolve(Tag tag) {
    return Optional.ofNullable(tags.get(tag)).map(Pointer::digest);
  }

  /**
   * These are the images now.
   *
   * @param images their names and what they point to
   */
  public void replace(Map<String, Pointer> images) {
    Map<Tag, Pointer> now = new HashMap<>();
    images.forEach(
        (name, pointer) -> {
          Optional<ImageName> parsed = ImageName.tryParse(name);
          parsed.ifPresent(known -> seen(known.registry()));
          parsed.flatMap(ImageName::tag).ifPresent(tag -> now.put(tag, pointer));
        });
    Map<Tag, Pointer> before = tags;
    tags = now;
    before.keySet().stream().filter(tag -> !now.containsKey(tag)).forEach(listener::untagged);
    now.forEach(
        (tag, pointer) -> {
          if (!pointer.equals(before.get(tag))) {
            listener.tagged(tag, pointer.digest(), pointer.seen());
          }
        });
  }

  /** An image or a blob comes from there. */
  public void seen(String registry) {
    if (!Repository.isRegistry(registry) || registries.contains(registry)) {
      return;
    }
    if (registries.size() >= MAX_REGISTRIES) {
      log.debug("too many registries", "registry", registry);
      return;
    }
    registries.add(registry);
    listener.registry(registry);
  }
}
