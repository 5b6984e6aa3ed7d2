package dev.registrymirror.agent.store;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.telemetry.Log;
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
  private volatile Map<Tag, Digest> tags = Map.of();

  public Tags(BlobStore.Listener listener) {
    this.listener = listener;
  }

  /** As {@link BlobStore#resolve}. */
  public Optional<Digest> resolve(Tag tag) {
    return Optional.ofNullable(tags.get(tag));
  }

  /**
   * These are the images now.
   *
   * @param images their names and what they point to
   */
  public void replace(Map<String, Digest> images) {
    Map<Tag, Digest> now = new HashMap<>();
    images.forEach(
        (name, digest) -> {
          Optional<ImageName> parsed = ImageName.tryParse(name);
          parsed.ifPresent(known -> seen(known.registry()));
          parsed.flatMap(ImageName::tag).ifPresent(tag -> now.put(tag, digest));
        });
    Map<Tag, Digest> before = tags;
    tags = now;
    before.keySet().stream().filter(tag -> !now.containsKey(tag)).forEach(listener::untagged);
    now.forEach(
        (tag, digest) -> {
          if (!digest.equals(before.get(tag))) {
            listener.tagged(tag, digest);
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
