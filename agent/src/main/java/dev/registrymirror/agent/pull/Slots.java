package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.store.Blob;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.store.Descriptor;
import dev.registrymirror.agent.store.ManifestTypes;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * containerd's slots: it downloads so many blobs at once ({@code max_concurrent_downloads}, 3 by
 * default). Since 2.1 a request takes its slot anew for each host that it asks
 * (core/remotes/docker/fetcher.go, {@code Acquire}): a node that is told to lead queues behind the
 * image's other blobs before it goes upstream. Where those follow other nodes, whose own leads
 * queue behind what follows this one, all would wait for each other.
 *
 * <p>So where a lead queues, what holds a slot makes room: its answer ends with FIN, containerd
 * gives the slot back and asks again at the end of the queue. It does so without end for an answer
 * that has brought bytes, and three times for one that has not (httpreadseeker.go, {@code
 * maxRetry}). And where an image has more blobs than slots, its leads are not spread over the
 * nodes. Any thread.
 */
final class Slots {

  private static final Log log = Log.of("pull");

  /** Repositories whose manifest is remembered; the oldest are forgotten. */
  static final int MAX = 256;

  /** Larger manifests are not looked at, in bytes: no image has so many layers. */
  static final long MAX_MANIFEST = 256 << 10;

  /** Until a lead that queues gets room, and between two answers that make it. */
  static final Duration PAUSE = Duration.ofMillis(150);

  /** Answers that make room for one lead. */
  static final int MAX_ROOM = 24;

  /** How often an answer may end without a byte; containerd bears three. */
  static final int MAX_IN_VAIN = 2;

  private final BlobStore store;
  private final Led led;

  /** The answers under way that can make room. */
  private final Set<Relay> relays = ConcurrentHashMap.newKeySet();

  /** How often an answer for the digest has ended without a byte; the oldest are forgotten. */
  private final Map<Digest, Integer> inVain =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Digest, Integer> eldest) {
          return size() > 4 * MAX;
        }
      };

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

  Slots(BlobStore store, Led led) {
    this.store = store;
    this.led = led;
  }

  /** This node leads: makes room until its download grows. */
  void makeRoom(Request lead) {
    if (lead.queues()) {
      makeRoom(lead, MAX_ROOM);
    }
  }

  private void makeRoom(Request lead, int left) {
    Future<?> _ =
        lead.loop()
            .schedule(
                () -> {
                  if (left > 0 && led.isQueued(lead.digest())) {
                    // Rather one that waits itself than one whose bytes flow.
                    relays.stream()
                        .filter(each -> mayMakeWay(each))
                        .min(Comparator.comparing(Relay::isStarted))
                        .ifPresent(each -> each.request().loop().execute(each::makeWay));
                    makeRoom(lead, left - 1);
                  }
                },
                PAUSE.toNanos(),
                TimeUnit.NANOSECONDS);
  }

  private synchronized boolean mayMakeWay(Relay relay) {
    return relay.isStarted() || inVain.getOrDefault(relay.request().digest(), 0) < MAX_IN_VAIN;
  }

  /** An answer ends without a byte. */
  synchronized void inVain(Digest digest) {
    inVain.merge(digest, 1, Integer::sum);
  }

  /** Bytes flow. */
  synchronized void progress(Digest digest) {
    inVain.remove(digest);
  }

  synchronized void manifest(Request request) {
    manifests.remove(request.repository());
    manifests.put(request.repository(), request.digest());
  }

  /** A blob is asked for, and not answered yet. */
  synchronized void begin(Relay relay) {
    Request request = relay.request();
    if (request.queues() && request.kind() == Kind.BLOB) {
      relays.add(relay);
    }
    open.computeIfAbsent(request.repository(), _ -> new HashSet<>()).add(request.digest());
  }

  /** Ends {@link #begin}. */
  synchronized void end(Relay relay) {
    Request request = relay.request();
    relays.remove(relay);
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

  /** How long a blob of the image is, in bytes, by its manifest. */
  OptionalLong size(Request request) {
    Optional<Digest> manifest;
    synchronized (this) {
      manifest = Optional.ofNullable(manifests.get(request.repository()));
    }
    try {
      return manifest.isEmpty()
          ? OptionalLong.empty()
          : children(manifest.get()).stream()
              .filter(child -> child.digest().equals(request.digest()))
              .mapToLong(Descriptor::size)
              .findFirst();
    } catch (IOException e) {
      log.debug("manifest not readable", "digest", manifest.get(), "error", e);
      return OptionalLong.empty();
    }
  }

  private List<Descriptor> children(Digest manifest) throws IOException {
    Optional<Blob> blob = store.find(manifest).filter(held -> held.size() <= MAX_MANIFEST);
    return blob.isEmpty()
        ? List.of()
        : ManifestTypes.read(blob.get()).map(read -> read.children()).orElse(List.of());
  }
}
