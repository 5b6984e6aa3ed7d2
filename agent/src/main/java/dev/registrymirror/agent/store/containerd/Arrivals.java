package dev.registrymirror.agent.store.containerd;

import dev.registrymirror.agent.bounds.BoundedMap;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.Blob;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.store.Descriptor;
import dev.registrymirror.agent.store.Manifest;
import dev.registrymirror.agent.store.ManifestTypes;
import dev.registrymirror.agent.store.StoreThread;
import dev.registrymirror.agent.telemetry.Log;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Finds what pulls bring without having asked the agent, see {@link BlobStore.Listener#unasked}. A
 * pull's blobs have a label with their registry, which an import's have not; containerd writes it
 * just after the commit.
 *
 * <p>An image counts when its first manifest or index comes, and all that this lists belongs to it;
 * a large blob that belongs to none counts for itself. A pull that began while the agent was not
 * there does not count, nor does anything that belongs to it: what is being downloaded when the
 * agent begins to watch, what is missing then of images that are there in part, and what comes in
 * the first moments.
 *
 * <p>Only on the store's thread.
 */
final class Arrivals {

  private static final Log log = Log.of("store");

  /** Containerd may have resolved a tag, and not yet begun to download, while nobody listened. */
  static final Duration FIRST_MOMENTS = Duration.ofSeconds(5);

  /** A file's time is that of the kernel's last tick: so long ago, at 100 Hz. */
  private static final Duration TICK = Duration.ofMillis(10);

  /** Between two looks for labels. */
  static final Duration PAUSE = Duration.ofSeconds(1);

  /** Looks for a blob's label; none by then: it was imported. */
  static final int LOOKS = 3;

  /** Digests that belong to an image known before; the oldest are forgotten. */
  static final int MAX_KNOWN = 8192;

  /** Blobs whose origin is looked for; the oldest are forgotten. */
  static final int MAX_WAITING = 1024;

  /** Asked of containerd at once. */
  static final int BATCH = 64;

  /** A blob up to this size may have come within the descriptor of its image, in bytes. */
  static final long MAX_EMBEDDED = 64 << 10;

  /** Asks containerd. */
  interface Origins {
    /**
     * The registries of those of the blobs that have any.
     *
     * @param answer called on the store's thread, or never
     */
    void find(Collection<Digest> blobs, Consumer<Map<Digest, Set<String>>> answer);
  }

  private final StoreThread thread;
  private final ManifestTypes.Finder blobs;
  private final Origins origins;
  private final Instant began = Instant.now().minus(TICK);
  private final Duration firstMoments;
  private final Map<Digest, Boolean> known = new BoundedMap<>(MAX_KNOWN);

  /** How often each was looked at, in the order of their commits. */
  private final Map<Digest, Integer> waiting = new BoundedMap<>(MAX_WAITING);

  private boolean listed;
  private boolean planned;

  Arrivals(StoreThread thread, ManifestTypes.Finder blobs, Origins origins, Duration firstMoments) {
    this.thread = thread;
    this.blobs = blobs;
    this.origins = origins;
    this.firstMoments = firstMoments;
  }

  /** These are being downloaded: said when their folder is listed. */
  void downloading(Set<Digest> digests) {
    if (isEarly(Instant.now())) {
      know(digests);
    }
  }

  private boolean isEarly(Instant moment) {
    return moment.isBefore(began.plus(firstMoments));
  }

  /** Containerd has listed its content: these are missing of images that are there in part. */
  void missing(Set<Digest> digests) {
    if (!listed) {
      listed = true;
      know(digests);
    }
  }

  /** Whether {@link #missing} is still to be said. */
  boolean isMissingUnknown() {
    return !listed;
  }

  /** A blob is there: it has just come, or was found. */
  void committed(Digest digest, BlobStore.Listener listener) {
    Optional<Instant> at = committedAt(digest);
    if (at.isEmpty() || at.get().isBefore(began)) {
      return;
    }
    if (isEarly(at.get()) || known.containsKey(digest)) {
      know(parts(digest));
    } else if (!listener.isAsked(digest)) {
      waiting.put(digest, 0);
      plan(listener);
    }
  }

  /** containerd sets its file's time then, all releases (content/local/writer.go). */
  private Optional<Instant> committedAt(Digest digest) {
    try {
      Optional<Blob> blob = blobs.find(digest);
      return blob.isEmpty()
          ? Optional.empty()
          : Optional.of(Files.getLastModifiedTime(blob.get().file()).toInstant());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private void know(Collection<Digest> digests) {
    digests.forEach(digest -> known.put(digest, true));
  }

  private void plan(BlobStore.Listener listener) {
    if (!planned && !waiting.isEmpty()) {
      planned = true;
      thread.after(
          PAUSE,
          () -> {
            planned = false;
            look(listener);
          });
    }
  }

  private void look(BlobStore.Listener listener) {
    if (listed) {
      for (Digest digest : List.copyOf(waiting.keySet())) {
        if (known.containsKey(digest)) {
          settle(digest);
        }
      }
      List<Digest> batch = waiting.keySet().stream().limit(BATCH).toList();
      origins.find(batch, found -> batch.forEach(digest -> found(digest, found, listener)));
    }
    plan(listener);
  }

  private void found(Digest digest, Map<Digest, Set<String>> found, BlobStore.Listener listener) {
    Set<String> registries = found.getOrDefault(digest, Set.of());
    if (!waiting.containsKey(digest)) {
      return;
    }
    if (registries.isEmpty()) {
      waiting.computeIfPresent(digest, (_, looks) -> looks + 1 < LOOKS ? looks + 1 : null);
    } else {
      boolean belongs = known.containsKey(digest);
      boolean isManifest = settle(digest);
      if (!belongs && (isManifest || size(digest) > MAX_EMBEDDED)) {
        log.debug("image not asked for", "digest", digest, "registries", registries);
        listener.unasked(registries);
      }
    }
  }

  /**
   * Nothing more is to be found out of it; what it lists belongs to the same image.
   *
   * @return whether it lists anything
   */
  private boolean settle(Digest digest) {
    waiting.remove(digest);
    List<Digest> parts = parts(digest);
    know(parts);
    return !parts.isEmpty();
  }

  private List<Digest> parts(Digest digest) {
    try {
      Optional<Blob> blob = blobs.find(digest);
      return blob.isEmpty()
          ? List.of()
          : ManifestTypes.read(blob.get()).map(Manifest::children).orElse(List.of()).stream()
              .map(Descriptor::digest)
              .toList();
    } catch (IOException e) {
      log.debug("blob cannot be read", "digest", digest, "error", e);
      return List.of();
    }
  }

  private long size(Digest digest) {
    try {
      return blobs.find(digest).map(Blob::size).orElse(0L);
    } catch (IOException e) {
      return 0;
    }
  }
}
