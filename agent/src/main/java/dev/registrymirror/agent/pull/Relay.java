package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.homes.Complaint;
import dev.registrymirror.agent.homes.Failure;
import dev.registrymirror.agent.homes.Message;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.homes.Place;
import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.peers.BlobFetch;
import dev.registrymirror.agent.peers.FetchFailure;
import dev.registrymirror.agent.peers.Paths;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Metrics.FallbackReason;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import dev.registrymirror.agent.telemetry.Metrics.Result;
import io.netty.channel.Channel;
import io.netty.util.ReferenceCounted;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * One request answered from peers: from those that hold the blob, or else from one that downloads
 * it; and where one fails from the next, at the offset. Confined to the request's event loop.
 */
final class Relay implements BlobFetch.Receiver {

  private static final Log log = Log.of("pull");

  /** Places in a flight that one request asks for. */
  static final int MAX_PLACES = 16;

  /** What is left of a blob that is not worth asking for once more, in bytes. */
  private static final long LITTLE = 1 << 20;

  /** Between two reports of a follower to the home. */
  private static final Duration REPORT = Duration.ofSeconds(4);

  /** Before the same parent is asked again, which may not have heard yet what is arranged anew. */
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Pull pull;
  private final Request request;
  private final Answer answer;
  private final long asked;

  // Who holds it, to be asked in turn; and all that were asked.
  private final Deque<Peer> providers = new ArrayDeque<>();
  private final Set<Peer> tried = new HashSet<>();
  private int sources;
  private int places;

  // Whether it was ever given a parent in a flight; then the home is told how it gets on.
  private boolean follows;
  private Future<?> report;

  // For one source: a provider, or the parent in a flight.
  private Peer source;
  private Result from = Result.PEER;
  private long sourceAsked;
  private BlobFetch fetch;

  // While no bytes flow: until the first, or after a source failed. One of the two bounds is set.
  private WaitBudget.Wait wait;
  private Future<?> waitBound;
  private Future<?> flightBound;
  private long lastByte;

  // Once a source has said what there is; fixed with the first byte sent.
  private long size;
  private String type;
  private long position;
  private long end;

  // Once containerd has been sent bytes.
  private volatile boolean started;
  private boolean ended;
  private boolean gone;

  /**
   * @param wait begun when the request came
   */
  Relay(Pull pull, Request request, Answer answer, long asked, WaitBudget.Wait wait) {
    this.pull = pull;
    this.request = request;
    this.answer = answer;
    this.asked = asked;
    this.wait = wait;
    this.lastByte = asked;
    pull.slots().begin(this);
    answer.onGone(this::clientGone);
    answer.onWritable(this::writable);
    boundWait();
  }

  /** Nobody holds it: takes a place in its flight. */
  void join() {
    places++;
    if (request.afterUpstream()) {
      pull.finder().refused(request.loop(), request.digest(), this::placed);
    } else {
      pull.finder()
          .join(
              request.loop(),
              request.digest(),
              () -> pull.slots().holdAll(request.repository()),
              this::placed);
    }
  }

  /** These hold it. */
  void fetch(List<Peer> holders) {
    providers.addAll(holders);
    next();
  }

  /** Asks the next provider for what is missing. */
  private void next() {
    from = Result.PEER;
    Peer provider = providers.poll();
    if (provider != null) {
      tried.add(provider);
      ask(
          provider,
          request.kind() == Kind.MANIFEST ? Paths.MANIFESTS : Paths.BLOBS,
          pull.providerPatience());
    } else if (request.mayFly()) {
      complain(false);
    } else {
      giveUp(noSourceLeft());
    }
  }

  private FallbackReason noSourceLeft() {
    return started ? FallbackReason.STALLED : FallbackReason.PROVIDERS_FAILED;
  }

  private void complain(boolean unreachable) {
    if (++places > MAX_PLACES) {
      giveUp(noSourceLeft());
      return;
    }
    Complaint complaint = new Complaint(source, unreachable, Pull.since(lastByte).toMillis());
    pull.finder().complain(request.loop(), request.digest(), complaint, this::placed);
  }

  private void placed(Place place) {
    if (ended) {
      if (gone) {
        // The home may have counted it in after it had left.
        leaveFlight();
      }
      return;
    }
    switch (place) {
      case Place.Follow follow -> follow(follow.parent());
      case Place.Fetch found -> {
        List<Peer> untried = new ArrayList<>(found.providers());
        untried.removeAll(tried);
        if (untried.isEmpty()) {
          giveUp(noSourceLeft());
        } else {
          await();
          fetch(untried);
        }
      }
      case Place.Lead _, Place.Wait _ -> lead();
    }
  }

  /** containerd goes upstream, from where it stands, and others follow. */
  private void lead() {
    boolean first = sources == 0;
    if (!request.afterUpstream()) {
      pull.slots().makeRoom(request);
      pull.led().begin(request, started ? position : Math.max(0, request.range().first()), follows);
      // What has come so far may be long ago.
      pull.expected().asked(request.digest());
    }
    if (wait != null) {
      // Brief, unless homes did not answer: that counts against the bound of the whole pull.
      wait.inVain();
    }
    finish();
    if (started) {
      answer.breakOff(FallbackReason.FLIGHT_ENDED);
    } else {
      answer.notFound(first ? FallbackReason.NOT_FOUND : FallbackReason.FLIGHT_ENDED);
    }
  }

  private void follow(Peer parent) {
    log.debug("follows", "digest", request.digest(), "parent", parent, "at", position);
    if (wait != null) {
      // This wait is for an upstream that is at work: it has a bound of its own.
      waitBound.cancel(false);
      wait.over();
      wait = null;
    }
    boundFlight();
    if (!follows) {
      follows = true;
      pull.followers().incrementAndGet();
      report();
    }
    pull.expected().asked(request.digest());
    boolean again = from == Result.FLIGHT && parent.equals(source);
    from = Result.FLIGHT;
    source = parent;
    if (again) {
      Future<?> _ = request.loop().schedule(this::askParent, PAUSE.toNanos(), TimeUnit.NANOSECONDS);
    } else {
      askParent();
    }
  }

  private void askParent() {
    if (!ended) {
      ask(
          source,
          request.kind() == Kind.MANIFEST ? Paths.GROWING_MANIFESTS : Paths.GROWING_BLOBS,
          pull.parentPatience());
    }
  }

  /** Tells the home how this gets on from time to time, and lets it give another place. */
  private void report() {
    report =
        request
            .loop()
            .schedule(
                () -> {
                  if (started && from == Result.FLIGHT) {
                    pull.finder()
                        .progress(
                            request.loop(),
                            new Message.Progress(
                                request.digest(), position, size, pull.led().rate()),
                            this::steered);
                  }
                  report();
                },
                REPORT.toNanos(),
                TimeUnit.NANOSECONDS);
  }

  private void steered(Place place) {
    // Where no bytes flow now it asks for another place by itself.
    if (ended || from != Result.FLIGHT || flightBound != null) {
      return;
    }
    boolean lead = place instanceof Place.Lead;
    boolean another = place instanceof Place.Follow follow && !follow.parent().equals(source);
    if (lead || another) {
      fetch.cancel();
      placed(place);
    }
  }

  private void boundFlight() {
    if (flightBound == null) {
      long left = pull.flightWait().minus(Pull.since(lastByte)).toNanos();
      flightBound =
          request.loop().schedule(this::flightTooLong, Math.max(0, left), TimeUnit.NANOSECONDS);
    }
  }

  private void ask(Peer peer, String path, BlobFetch.Patience patience) {
    sources++;
    source = peer;
    sourceAsked = System.nanoTime();
    fetch =
        pull.peers()
            .fetch(
                request.loop(),
                peer,
                path,
                request.digest(),
                missing(),
                request.headOnly(),
                patience,
                this);
  }

  private ByteRange missing() {
    if (!started) {
      return range();
    }
    return end == size ? ByteRange.from(position) : new ByteRange(position, end - 1);
  }

  /**
   * What is asked for. All of a blob that is still on its way, as containerd 2.x asks for it that
   * fetches a layer in parallel: answered with 200 it goes on serially, and asks for no range that
   * is not there yet.
   */
  private ByteRange range() {
    return from == Result.FLIGHT && request.range().equals(ByteRange.from(0))
        ? ByteRange.ALL
        : request.range();
  }

  @Override
  public void head(ByteRange.Span span, long blobSize, String mediaType) {
    if (!started) {
      if (!span.equals(request.range().in(blobSize).orElse(null))) {
        mismatch();
        return;
      }
      size = blobSize;
      type = mediaType;
      position = span.start();
      end = span.end();
    } else if (blobSize != size
        || !mediaType.equals(type)
        || span.start() != position
        || span.end() != end) {
      mismatch();
    }
  }

  private void mismatch() {
    fetch.cancel();
    failed(FetchFailure.BROKEN);
  }

  @Override
  public void bytes(ReferenceCounted piece, int length) {
    begin();
    lastByte = System.nanoTime();
    position += length;
    if (position == end) {
      // Before the last byte is sent: who has it may ask again at once, on another loop.
      remember();
    }
    answer.bytes(piece, length, from);
  }

  @Override
  public Channel sink() {
    return answer.sink();
  }

  /**
   * The head goes out with the first byte, not before: containerd fails a pull where a body ends
   * without one, but goes on upstream after a 404.
   */
  private void begin() {
    if (wait != null) {
      waitBound.cancel(false);
      wait.over();
      wait = null;
    } else if (flightBound == null) {
      return;
    }
    if (flightBound != null) {
      flightBound.cancel(false);
      flightBound = null;
    }
    pull.finder().reachable(source);
    pull.slots().progress(request.digest());
    if (!started) {
      started = true;
      pull.metrics().firstByte(from, Pull.since(asked));
      answer.start(range(), new ByteRange.Span(position, end), size, type);
    }
  }

  @Override
  public boolean ready() {
    return answer.isWritable();
  }

  private void writable() {
    if (fetch != null) {
      fetch.resume();
    }
  }

  @Override
  public void done() {
    if (!started) {
      // An empty blob has no last byte.
      remember();
    }
    begin();
    finish();
    answer.end(from);
  }

  /** Who sent the blob is known if it turns out not to have its digest. */
  private void remember() {
    if (request.isWholeForStore() && sources == 1) {
      pull.delivered().add(request.digest(), source);
    }
  }

  @Override
  public void unsatisfiable(long blobSize) {
    if (started) {
      failed(FetchFailure.BROKEN);
      return;
    }
    finish();
    answer.unsatisfiable(blobSize);
  }

  @Override
  public void failed(FetchFailure why) {
    log.debug(
        "source failed", "digest", request.digest(), "peer", source, "why", why, "at", position);
    if (from == Result.FLIGHT) {
      if (why == FetchFailure.UNREACHABLE || why == FetchFailure.STALLED) {
        pull.finder().failed(request.digest(), source, Failure.UNREACHABLE);
      }
      boundFlight();
      // A parent that is there ends a download that is quiet before this node's patience ends.
      complain(why == FetchFailure.UNREACHABLE || why == FetchFailure.STALLED);
      return;
    }
    switch (why) {
      case NOT_HELD -> pull.finder().failed(request.digest(), source, Failure.NOT_HELD);
      case UNREACHABLE -> pull.finder().failed(request.digest(), source, Failure.UNREACHABLE);
      case STALLED ->
          pull.finder()
              .failed(request.digest(), source, started ? Failure.STALLED : Failure.UNREACHABLE);
      case BROKEN -> pull.finder().failed(request.digest(), source, Failure.STALLED);
      case BUSY -> {
        // This node's own bound: nothing is wrong with the peer.
      }
    }
    await();
    next();
  }

  /** Bounds what all providers together may take until bytes flow, or flow again. */
  private void await() {
    if (wait == null && flightBound == null) {
      wait = pull.budget().begin(request.repository());
      boundWait();
    }
  }

  private void boundWait() {
    long nanos = wait.remaining().toNanos();
    waitBound = request.loop().schedule(this::tooLong, nanos, TimeUnit.NANOSECONDS);
  }

  private void tooLong() {
    log.debug("wait too long", "digest", request.digest(), "peer", source, "at", position);
    if (fetch != null) {
      fetch.cancel();
      if (Pull.since(sourceAsked).compareTo(pull.connectBound()) >= 0) {
        pull.finder().failed(request.digest(), source, Failure.UNREACHABLE);
      }
    }
    giveUp(started ? FallbackReason.STALLED : FallbackReason.BUDGET_SPENT);
  }

  private void flightTooLong() {
    log.debug("download too slow", "digest", request.digest(), "parent", source, "at", position);
    cancelFetch();
    giveUp(FallbackReason.FLIGHT_ENDED);
  }

  private void cancelFetch() {
    if (fetch != null) {
      fetch.cancel();
    }
  }

  private void giveUp(FallbackReason why) {
    if (wait != null) {
      wait.inVain();
    }
    leaveFlight();
    finish();
    if (started) {
      answer.breakOff(why);
    } else {
      answer.notFound(why);
    }
  }

  private void clientGone() {
    if (!ended) {
      gone = true;
      cancelFetch();
      leaveFlight();
      pull.expected().over(request.digest());
      finish();
    }
  }

  Request request() {
    return request;
  }

  /** Whether containerd has been sent bytes; any thread. */
  boolean isStarted() {
    return started;
  }

  /** Gives containerd's slot back, for another that needs it more; the same request comes again. */
  void makeWay() {
    if (ended || (started && end - position < LITTLE)) {
      return;
    }
    if (!started) {
      OptionalLong known = pull.slots().size(request);
      if (known.isEmpty() || from != Result.FLIGHT || !range().isAll()) {
        return;
      }
      pull.slots().inVain(request.digest());
      answer.start(
          ByteRange.ALL, new ByteRange.Span(0, known.getAsLong()), known.getAsLong(), Pull.BYTES);
    }
    log.debug("makes room", "digest", request.digest(), "at", position);
    cancelFetch();
    finish();
    answer.makeWay();
  }

  private void leaveFlight() {
    if (places > 0) {
      pull.finder().depart(request.digest());
    }
  }

  private void finish() {
    if (!ended) {
      ended = true;
      if (wait != null) {
        waitBound.cancel(false);
        wait.over();
      }
      if (flightBound != null) {
        flightBound.cancel(false);
      }
      if (follows) {
        report.cancel(false);
        pull.followers().decrementAndGet();
      }
      pull.slots().end(this);
      pull.ended();
    }
  }
}
