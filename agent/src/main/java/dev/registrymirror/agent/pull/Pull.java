package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.homes.Failure;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.peers.BlobFetch;
import dev.registrymirror.agent.peers.Finder;
import dev.registrymirror.agent.peers.PeerClient;
import dev.registrymirror.agent.store.Blob;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.store.Download;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Metrics;
import dev.registrymirror.agent.telemetry.Metrics.FallbackReason;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import dev.registrymirror.agent.telemetry.Metrics.Result;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The flow of every request for a digest: here? in the cluster? on its way in? nobody. Whatever
 * happens, containerd hears of it within the bounds of {@link Deadlines} and in a way that it
 * survives.
 */
public final class Pull {

  private static final Log log = Log.of("pull");

  /** The media type of what is no manifest (OCI distribution spec, "Pulling blobs"). */
  static final String BYTES = "application/octet-stream";

  /**
   * Streams from peers under way at once. Each holds one buffer of a peer's bytes while containerd
   * is slow, so this bounds the direct memory; containerd itself asks for three at a time.
   */
  static final int MAX_RELAYS = 64;

  /** For a parent's word that its download is quiet to arrive. */
  private static final Duration PARENT_MARGIN = Duration.ofSeconds(1);

  private final BlobStore store;
  private final Finder finder;
  private final PeerClient peers;
  private final Metrics metrics;
  private final WaitBudget budget;
  private final Deadlines deadlines;
  private final Expected expected = new Expected();
  private final Asked asked = new Asked();
  private final Tails tails = new Tails();
  private final Slots slots;
  private final Led led = new Led();
  private final AtomicInteger followers = new AtomicInteger();
  private final Delivered delivered = new Delivered();
  private final RelayCount relays = new RelayCount(MAX_RELAYS);
  private volatile boolean draining;

  /** When any of this node's downloads was last told of. */
  private volatile long grew = System.nanoTime();

  public Pull(
      BlobStore store, Finder finder, PeerClient peers, Metrics metrics, Deadlines deadlines) {
    this.store = store;
    this.finder = finder;
    this.peers = peers;
    this.metrics = metrics;
    this.deadlines = deadlines;
    this.slots = new Slots(store, led);
    this.budget = new WaitBudget(deadlines.wholePull());
  }

  /** Answers a request of this node's containerd. */
  public void start(Request request, Answer answer) {
    long start = System.nanoTime();
    if (fromStore(request, answer)) {
      metrics.firstByte(Result.LOCAL, since(start));
      return;
    }
    asked.add(request.digest());
    if (draining) {
      answer.notFound(FallbackReason.DRAINING);
      return;
    }
    reportRepeated(request);
    if (request.mayFly()) {
      expect(request);
    }
    if (budget.remaining(request.repository()).isZero()) {
      answer.notFound(FallbackReason.BUDGET_SPENT);
      return;
    }
    WaitBudget.Wait wait = budget.begin(request.repository());
    finder.find(
        request.loop(),
        request.digest(),
        providers -> {
          metrics.lookup(since(start));
          fromCluster(request, answer, providers, start, wait);
        });
  }

  /** Answers from this node's own store; the only source for peers, so that requests never loop. */
  public boolean fromStore(Request request, StoreAnswer answer) {
    try {
      Optional<Blob> held = store.find(request.digest());
      if (held.isEmpty()) {
        return false;
      }
      Optional<String> type =
          request.kind() == Kind.MANIFEST
              ? store.manifestType(request.digest())
              : Optional.of(BYTES);
      if (type.isEmpty()) {
        return false;
      }
      Blob blob = held.get();
      Optional<ByteRange.Span> span = request.range().in(blob.size());
      if (span.isEmpty()) {
        answer.unsatisfiable(blob.size());
      } else if (request.headOnly()) {
        answer.head(span.get(), blob.size(), type.get());
      } else {
        // Opened first: a blob that is deleted meanwhile is still whole, or is not held after all.
        FileChannel file = FileChannel.open(blob.file());
        answer.file(file, span.get(), blob.size(), type.get());
      }
      return true;
    } catch (IOException e) {
      log.warn("blob not readable", e, "digest", request.digest());
      return false;
    }
  }

  /**
   * containerd asks again from the start for what a peer has sent it whole: it did not have its
   * digest. The same peer is not asked for it again, and looks at its copy.
   */
  private void reportRepeated(Request request) {
    if (request.isWholeForStore()) {
      delivered
          .remove(request.digest())
          .ifPresent(
              peer -> {
                log.warn("peer's bytes not taken", "digest", request.digest(), "peer", peer);
                finder.failed(request.digest(), peer, Failure.CORRUPT);
                peers.suspect(request.loop(), peer, request.digest());
              });
    }
  }

  /** This node's containerd brings the digest from wherever it is sent, or upstream refused it. */
  private void expect(Request request) {
    if (request.kind() == Kind.MANIFEST) {
      slots.manifest(request);
    }
    if (request.afterUpstream()) {
      expected.over(request.digest());
      led.refused(request.digest());
      tails.giveUp(request.digest());
    } else {
      expected.asked(request.digest());
    }
  }

  /**
   * Answers a follower, from this node's own store and downloads only: what there is at once, the
   * rest as it comes.
   */
  public void tail(Request request, TailAnswer answer) {
    led.followed(request.digest());
    tails.start(this, request, answer);
  }

  private void fromCluster(
      Request request, Answer answer, List<Peer> providers, long asked, WaitBudget.Wait wait) {
    if (answer.isGone()) {
      wait.over();
    } else if (providers.isEmpty() && !request.mayFly()) {
      boolean late = since(asked).compareTo(deadlines.lookup()) >= 0;
      if (late) {
        wait.inVain();
      } else {
        wait.over();
      }
      answer.notFound(late ? FallbackReason.LOOKUP_TIMEOUT : FallbackReason.NOT_FOUND);
    } else if (!relays.tryAcquire()) {
      wait.over();
      answer.notFound(FallbackReason.OVERLOADED);
    } else if (providers.isEmpty()) {
      new Relay(this, request, answer, asked, wait).join();
    } else {
      new Relay(this, request, answer, asked, wait).fetch(providers);
    }
  }

  /** From now on, containerd is sent upstream with what is not here. */
  public void drain() {
    draining = true;
  }

  /** Whether a request for a digest that is not committed yet has reached this agent. */
  public boolean isAsked(Digest digest) {
    return asked.contains(digest);
  }

  /** This node's store has taken the digest: whoever sent it sent the right bytes. */
  public void committed(Digest digest) {
    asked.remove(digest);
    delivered.remove(digest);
    led.committed(digest, () -> size(digest));
    expected.over(digest);
    tails.changed(digest);
  }

  /** In bytes; -1 where it cannot be told. */
  private long size(Digest digest) {
    try {
      return store.find(digest).map(Blob::size).orElse(-1L);
    } catch (IOException e) {
      return -1;
    }
  }

  /** This node's download of the digest has begun, grown or ended. */
  public void downloading(Digest digest) {
    store
        .download(digest)
        .filter(Download::hasGrown)
        .ifPresent(
            download -> {
              grew = System.nanoTime();
              led.grew(digest, download.length());
            });
    tails.changed(digest);
  }

  /** Streams from peers under way. */
  public int relays() {
    return relays.current();
  }

  /**
   * Requests of this node's containerd under way that were given a parent in another node's flight;
   * one that another source took on since is among them.
   */
  public int following() {
    return followers.get();
  }

  AtomicInteger followers() {
    return followers;
  }

  Slots slots() {
    return slots;
  }

  Led led() {
    return led;
  }

  PeerClient peers() {
    return peers;
  }

  Finder finder() {
    return finder;
  }

  WaitBudget budget() {
    return budget;
  }

  /** Who was asked for less time than this has not failed. */
  Duration connectBound() {
    return deadlines.connect();
  }

  /** Without progress of a download under way. */
  Duration flightQuiet() {
    return deadlines.flightQuiet();
  }

  /** For bytes of a download under way, in all. */
  Duration flightWait() {
    return deadlines.flightWait();
  }

  BlobFetch.Patience providerPatience() {
    return new BlobFetch.Patience(deadlines.firstByte(), deadlines.stall(), 0, deadlines.stall());
  }

  /** Of a parent with its download, whose pauses so far were {@code longestPause} at most. */
  Duration tailPatience(Duration longestPause) {
    Duration most = longer(flightQuiet(), flightWait().minus(PARENT_MARGIN));
    Duration pauses = longer(flightQuiet(), longestPause.multipliedBy(Tail.PATIENCE));
    return pauses.compareTo(most) < 0 ? pauses : most;
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  /** Longer than a parent's own with its download, so that one that is there speaks first. */
  BlobFetch.Patience parentPatience() {
    Duration quiet = deadlines.flightQuiet().plus(PARENT_MARGIN);
    Duration queued = queuedPatience().plus(PARENT_MARGIN);
    return new BlobFetch.Patience(queued, quiet, Tail.PATIENCE + 1, longer(quiet, flightWait()));
  }

  /**
   * For a download that has not begun while others of its node go on: containerd queues it (see
   * {@link Slots}).
   */
  Duration queuedPatience() {
    return deadlines.flightQuiet().multipliedBy(2);
  }

  /** How long ago any of this node's downloads grew. */
  Duration sinceAnyGrew() {
    return since(grew);
  }

  Expected expected() {
    return expected;
  }

  BlobStore store() {
    return store;
  }

  /** A relay has ended. */
  void ended() {
    relays.release();
  }

  Delivered delivered() {
    return delivered;
  }

  Metrics metrics() {
    return metrics;
  }

  static Duration since(long nanoTime) {
    return Duration.ofNanos(System.nanoTime() - nanoTime);
  }
}
