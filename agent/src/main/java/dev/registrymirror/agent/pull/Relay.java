package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.homes.Failure;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.peers.BlobFetch;
import dev.registrymirror.agent.peers.FetchFailure;
import dev.registrymirror.agent.peers.Paths;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Metrics.FallbackReason;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import dev.registrymirror.agent.telemetry.Metrics.Result;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One request answered from peers: from one provider, and where it fails from the next, at the
 * offset. Confined to the request's event loop.
 */
final class Relay implements BlobFetch.Receiver {

  private static final Log log = Log.of("pull");

  private final Pull pull;
  private final Request request;
  private final Answer answer;
  private final List<Peer> providers;
  private final long asked;

  // For one provider.
  private int next;
  private Peer provider;
  private long providerAsked;
  private BlobFetch fetch;

  // While no bytes flow: until the first, or after a provider failed.
  private WaitBudget.Wait wait;
  private Future<?> waitBound;

  // Once a provider has said what there is; fixed with the first byte sent.
  private long size;
  private String type;
  private long position;
  private long end;

  // Once containerd has been sent bytes.
  private boolean started;
  private boolean oneProvider = true;
  private boolean ended;

  /**
   * @param wait begun when the request came
   */
  Relay(
      Pull pull,
      Request request,
      Answer answer,
      List<Peer> providers,
      long asked,
      WaitBudget.Wait wait) {
    this.pull = pull;
    this.request = request;
    this.answer = answer;
    this.providers = providers;
    this.asked = asked;
    this.wait = wait;
    answer.onGone(this::clientGone);
    answer.onWritable(this::writable);
  }

  void start() {
    boundWait();
    next();
  }

  /** Asks the next provider for what is missing. */
  private void next() {
    if (next == providers.size()) {
      giveUp(started ? FallbackReason.STALLED : FallbackReason.PROVIDERS_FAILED);
      return;
    }
    oneProvider = next == 0;
    provider = providers.get(next++);
    providerAsked = System.nanoTime();
    fetch =
        pull.peers()
            .fetch(
                request.loop(),
                provider,
                request.kind() == Kind.MANIFEST ? Paths.MANIFESTS : Paths.BLOBS,
                request.digest(),
                missing(),
                request.headOnly(),
                this);
  }

  private ByteRange missing() {
    if (!started) {
      return request.range();
    }
    return end == size ? ByteRange.from(position) : new ByteRange(position, end - 1);
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
  public void bytes(ByteBuf bytes) {
    begin();
    position += bytes.readableBytes();
    if (position == end) {
      // Before the last byte is sent: who has it may ask again at once, on another loop.
      remember();
    }
    answer.bytes(bytes);
  }

  /**
   * The head goes out with the first byte, not before: containerd fails a pull where a body ends
   * without one, but goes on upstream after a 404.
   */
  private void begin() {
    if (wait == null) {
      return;
    }
    waitBound.cancel(false);
    wait.over();
    wait = null;
    pull.finder().reachable(provider);
    if (!started) {
      started = true;
      pull.metrics().firstByte(Result.PEER, Pull.since(asked));
      answer.start(new ByteRange.Span(position, end), size, type);
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
    answer.end();
  }

  /** Who sent the blob is known if it turns out not to have its digest. */
  private void remember() {
    if (request.isWholeForStore() && oneProvider) {
      pull.delivered().add(request.digest(), provider);
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
        "provider failed",
        "digest",
        request.digest(),
        "peer",
        provider,
        "why",
        why,
        "at",
        position);
    switch (why) {
      case NOT_HELD -> pull.finder().failed(request.digest(), provider, Failure.NOT_HELD);
      case UNREACHABLE -> pull.finder().failed(request.digest(), provider, Failure.UNREACHABLE);
      case STALLED ->
          pull.finder()
              .failed(request.digest(), provider, started ? Failure.STALLED : Failure.UNREACHABLE);
      case BROKEN -> pull.finder().failed(request.digest(), provider, Failure.STALLED);
      case BUSY -> {
        // This node's own bound: nothing is wrong with the peer.
      }
    }
    await();
    next();
  }

  /** Bounds what all providers together may take until bytes flow, or flow again. */
  private void await() {
    if (wait == null) {
      wait = pull.budget().begin(request.repository());
      boundWait();
    }
  }

  private void boundWait() {
    long nanos = wait.remaining().toNanos();
    waitBound = request.loop().schedule(this::tooLong, nanos, TimeUnit.NANOSECONDS);
  }

  private void tooLong() {
    log.debug("wait too long", "digest", request.digest(), "peer", provider, "at", position);
    fetch.cancel();
    if (Pull.since(providerAsked).compareTo(pull.connectBound()) >= 0) {
      pull.finder().failed(request.digest(), provider, Failure.UNREACHABLE);
    }
    giveUp(started ? FallbackReason.STALLED : FallbackReason.BUDGET_SPENT);
  }

  private void giveUp(FallbackReason why) {
    wait.inVain();
    finish();
    if (started) {
      answer.breakOff(why);
    } else {
      answer.notFound(why);
    }
  }

  private void clientGone() {
    if (!ended) {
      fetch.cancel();
      finish();
    }
  }

  private void finish() {
    if (!ended) {
      ended = true;
      if (wait != null) {
        waitBound.cancel(false);
        wait.over();
      }
      pull.ended();
    }
  }
}
