package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.bounds.BoundedMap;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.store.Blob;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.store.Descriptor;
import dev.registrymirror.agent.store.Manifest;
import dev.registrymirror.agent.store.ManifestTypes;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
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
  private final Map<Digest, Integer> inVain = new BoundedMap<>(4 * MAX);

  /** The last manifest asked for. */
  private final Map<Repository, Digest> manifests = new BoundedMap<>(MAX);

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
                        .filter(this::mayMakeWay)
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
    Set<Digest> asked;
    synchronized (this) {
      asked = Set.copyOf(open.getOrDefault(repository, Set.of()));
    }
    List<Descriptor> parts = parts(repository);
    try {
      for (Descriptor part : parts) {
        if (!asked.contains(part.digest()) && store.find(part.digest()).isEmpty()) {
          return false;
        }
      }
    } catch (IOException e) {
      log.debug("blob cannot be looked at", "repository", repository, "error", e);
      return false;
    }
    return !parts.isEmpty();
  }

  /** How long a blob of the image is, in bytes, by its manifest. */
  OptionalLong size(Request request) {
    return parts(request.repository()).stream()
        .filter(part -> part.digest().equals(request.digest()))
        .mapToLong(Descriptor::size)
        .findFirst();
  }

  /** What the last manifest asked for lists; empty where that is not known. */
  private List<Descriptor> parts(Repository repository) {
    Digest manifest;
    synchronized (this) {
      manifest = manifests.get(repository);
    }
    if (manifest == null) {
      return List.of();
    }
    try {
      Optional<Blob> blob = store.find(manifest).filter(held -> held.size() <= MAX_MANIFEST);
      return blob.isEmpty()
          ? List.of()
          : ManifestTypes.read(blob.get()).map(Manifest::children).orElse(List.of());
    } catch (IOException e) {
      log.debug("manifest not readable", "digest", manifest, "error", e);
      return List.of();
    }
  }
}
