package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.store.Blob;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.store.Descriptor;
import dev.registrymirror.agent.store.ManifestTypes;
import dev.registrymirror.agent.telemetry.Log;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Whether containerd has a slot for every blob of an image that it asks for. It downloads so many
 * at once ({@code max_concurrent_downloads}, 3 by default), and since 2.1 a request takes its slot
 * anew for each host (core/remotes/docker/fetcher.go): sent upstream, it queues behind the image's
 * other blobs. Were they to follow other nodes, whose own leads queue behind what follows this one,
 * all would wait for each other; so one node had better lead all of such an image. Any thread.
 */
final class Slots {

  private static final Log log = Log.of("pull");

  /** Repositories whose manifest is remembered; the oldest are forgotten. */
  static final int MAX = 256;

  /** Larger manifests are not looked at, in bytes: no image has so many layers. */
  static final long MAX_MANIFEST = 256 << 10;

  private final BlobStore store;

  /** The last manifest asked for. */
  private final Map<Repository, Digest> manifests =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Repository, Digest> eldest) {
          return size() > MAX;
        }
      };

  private final Map<Repository, Set<Digest>> open = new HashMap<>();

  Slots(BlobStore store) {
    this.store = store;
  }

  synchronized void manifest(Request request) {
    manifests.remove(request.repository());
    manifests.put(request.repository(), request.digest());
  }

  /** A blob is asked for, and not answered yet. */
  synchronized void begin(Request request) {
    open.computeIfAbsent(request.repository(), _ -> new HashSet<>()).add(request.digest());
  }

  /** Ends {@link #begin}. */
  synchronized void end(Request request) {
    open.computeIfPresent(
        request.repository(),
        (_, digests) -> {
          digests.remove(request.digest());
          return digests.isEmpty() ? null : digests;
        });
  }

  /** Whether all that the image still lacks here is asked for now: then nothing queues. */
  boolean holdAll(Repository repository) {
    Optional<Digest> manifest;
    Set<Digest> asked;
    synchronized (this) {
      manifest = Optional.ofNullable(manifests.get(repository));
      asked = Set.copyOf(open.getOrDefault(repository, Set.of()));
    }
    try {
      List<Descriptor> children = manifest.isEmpty() ? List.of() : children(manifest.get());
      for (Descriptor child : children) {
        if (!asked.contains(child.digest()) && store.find(child.digest()).isEmpty()) {
          return false;
        }
      }
      return !children.isEmpty();
    } catch (IOException e) {
      log.debug("manifest not readable", "digest", manifest.get(), "error", e);
      return false;
    }
  }

  private List<Descriptor> children(Digest manifest) throws IOException {
    Optional<Blob> blob = store.find(manifest).filter(held -> held.size() <= MAX_MANIFEST);
    return blob.isEmpty()
        ? List.of()
        : ManifestTypes.read(blob.get()).map(read -> read.children()).orElse(List.of());
  }
}
