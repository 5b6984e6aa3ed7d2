package dev.registrymirror.agent.peers;

import dev.registrymirror.agent.oci.ByteRange;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.FileRegion;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.ReferenceCounted;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A blob, or a range of one, from one peer. Only one piece of it is in memory at a time: the next
 * is read when the receiver is ready for it. Confined to one event loop.
 */
public final class BlobFetch implements Exchange {

  /**
   * What a blob's bytes go to. Called on the event loop; ends with exactly one of the last three.
   */
  public interface Receiver {
    /**
     * The peer has it.
     *
     * @param span the bytes that follow, or none where only the head was asked for
     * @param size of the whole blob, in bytes
     * @param type the media type
     */
    void head(ByteRange.Span span, long size, String type);

    /**
     * The next piece; takes it over.
     *
     * @param piece what a socket can be written: a buffer, or a region of what is in a pipe
     * @param length in bytes
     */
    void bytes(ReferenceCounted piece, int length);

    /** The socket that pieces may pass to without being seen here, all but the first. */
    Channel sink();

    /** Whether the next piece can be taken; where not, call {@link BlobFetch#resume} later. */
    boolean ready();

    /** All bytes of the span have come. */
    void done();

    /** The blob is held, but the range lies outside of its {@code size} bytes. */
    void unsatisfiable(long size);

    /** No more will come. */
    void failed(FetchFailure why);
  }

  /**
   * How long a peer may be quiet.
   *
   * @param firstByte until its first byte
   * @param stall in the middle, once it has sent bytes
   * @param pauses in the middle, so many times as long as it has been quiet before is not too long
   * @param most but no longer than that; at least {@code stall}
   */
  public record Patience(Duration firstByte, Duration stall, int pauses, Duration most) {}

  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");
  private static final Pattern UNSATISFIED = Pattern.compile("bytes \\*/(\\d{1,18})");

  private final PeerConnections connections;
  private final Receiver receiver;
  private final boolean headOnly;
  private final Patience patience;

  private PeerConnection connection;
  private Future<?> deadline;
  private long lastProgress = System.nanoTime();
  private long longestPause;
  private boolean described;
  private boolean started;
  private boolean paused;
  private boolean held;
  private boolean ended;
  private long missing;
  private long unsatisfiableSize = -1;
  private FetchFailure refused;

  BlobFetch(PeerConnections connections, boolean headOnly, Patience patience, Receiver receiver) {
    this.connections = connections;
    this.headOnly = headOnly;
    this.patience = patience;
    this.receiver = receiver;
    watch(patience.firstByte().toNanos());
  }

  /** Fails the fetch where nothing arrives although it is wanted. */
  private void watch(long nanos) {
    deadline = connections.loop().schedule(this::check, nanos, TimeUnit.NANOSECONDS);
  }

  private void check() {
    long bound =
        started
            ? Math.clamp(
                longestPause * patience.pauses(),
                patience.stall().toNanos(),
                patience.most().toNanos())
            : patience.firstByte().toNanos();
    // A receiver that is not ready stalls by itself; its own bound ends it.
    long idle = paused || held ? 0 : System.nanoTime() - lastProgress;
    if (idle >= bound) {
      fail(FetchFailure.STALLED);
    } else {
      watch(bound - idle);
    }
  }

  @Override
  public void sent(PeerConnection over) {
    if (ended) {
      over.abandon(this);
      return;
    }
    connection = over;
  }

  @Override
  public void response(HttpResponse head) {
    int status = head.status().code();
    long length = contentLength(head);
    if (status == HttpResponseStatus.OK.code() && length >= 0) {
      start(new ByteRange.Span(0, length), length, head);
    } else if (status == HttpResponseStatus.PARTIAL_CONTENT.code()) {
      Matcher range = CONTENT_RANGE.matcher(header(head, HttpHeaderNames.CONTENT_RANGE));
      if (!range.matches()) {
        refused = FetchFailure.BROKEN;
        return;
      }
      ByteRange.Span span =
          new ByteRange.Span(Long.parseLong(range.group(1)), Long.parseLong(range.group(2)) + 1);
      if (span.length() != length) {
        refused = FetchFailure.BROKEN;
        return;
      }
      start(span, Long.parseLong(range.group(3)), head);
    } else if (status == HttpResponseStatus.REQUESTED_RANGE_NOT_SATISFIABLE.code()) {
      Matcher size = UNSATISFIED.matcher(header(head, HttpHeaderNames.CONTENT_RANGE));
      if (size.matches()) {
        unsatisfiableSize = Long.parseLong(size.group(1));
      } else {
        refused = FetchFailure.BROKEN;
      }
    } else {
      refused =
          status == HttpResponseStatus.NOT_FOUND.code()
              ? FetchFailure.NOT_HELD
              : FetchFailure.BROKEN;
    }
  }

  private void start(ByteRange.Span span, long size, HttpResponse head) {
    String type = header(head, HttpHeaderNames.CONTENT_TYPE);
    if (type.isEmpty()) {
      // Passed on, it would fail the pull.
      refused = FetchFailure.BROKEN;
      return;
    }
    described = true;
    missing = headOnly ? 0 : span.length();
    receiver.head(span, size, type);
  }

  private static long contentLength(HttpResponse head) {
    return Optional.ofNullable(head.headers().get(HttpHeaderNames.CONTENT_LENGTH))
        .filter(text -> text.matches("\\d{1,18}"))
        .map(Long::parseLong)
        .orElse(-1L);
  }

  private static String header(HttpResponse head, CharSequence name) {
    return head.headers().get(name, "");
  }

  @Override
  public void content(ByteBuf bytes) {
    if (ended || !described) {
      bytes.release();
      return;
    }
    int length = bytes.readableBytes();
    progress(length);
    receiver.bytes(bytes, length);
  }

  @Override
  public Channel sink() {
    return missing > 0 ? receiver.sink() : null;
  }

  @Override
  public void spliced(FileRegion piece) {
    if (ended) {
      piece.release();
      return;
    }
    int length = (int) piece.count();
    progress(length);
    receiver.bytes(piece, length);
  }

  private void progress(int length) {
    long now = System.nanoTime();
    if (started) {
      longestPause = Math.max(longestPause, now - lastProgress);
    }
    started = true;
    lastProgress = now;
    missing -= length;
  }

  @Override
  public void held(boolean now) {
    held = now;
    lastProgress = System.nanoTime();
  }

  @Override
  public boolean ready() {
    paused = !ended && started && !receiver.ready();
    return !paused;
  }

  /** The receiver is ready again. */
  public void resume() {
    if (paused && !ended && connection != null) {
      paused = false;
      lastProgress = System.nanoTime();
      connection.read();
    }
  }

  @Override
  public void complete() {
    if (ended) {
      return;
    }
    if (refused != null) {
      fail(refused);
    } else if (unsatisfiableSize >= 0) {
      finish();
      receiver.unsatisfiable(unsatisfiableSize);
    } else if (described && missing == 0) {
      finish();
      receiver.done();
    } else {
      fail(FetchFailure.BROKEN);
    }
  }

  @Override
  public void failed(FetchFailure why) {
    if (!ended) {
      connection = null;
      fail(why);
    }
  }

  private void fail(FetchFailure why) {
    cancel();
    receiver.failed(why);
  }

  /** Stops the fetch; the receiver hears no more of it. */
  public void cancel() {
    PeerConnection used = connection;
    boolean underWay = !ended;
    finish();
    if (underWay && used != null) {
      used.abandon(this);
    }
  }

  private void finish() {
    ended = true;
    connection = null;
    deadline.cancel(false);
  }
}
