package dev.registrymirror.agent.bounds;

import io.netty.handler.traffic.TrafficCounter;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What this node may send to its peers, or take from them, in bytes a second over all streams.
 * Whoever moves bytes pauses as long as it is told; so files still go by sendfile, in pieces, which
 * Netty's own handler for shaping would hold back and then send at once. Any thread.
 */
public final class Bandwidth {

  /** Moved between two pauses, in bytes. */
  public static final int PIECE = 256 << 10;

  /** The least that may be allowed: with less a stream would look stalled, bytes a second. */
  public static final long LEAST = 1_000_000;

  /** The longest pause, in milliseconds: shorter than who waits for a byte waits. */
  static final long MAX_PAUSE = 2_000;

  private static final long CHECK_MILLIS = 1_000;

  private final long limit;
  private final TrafficCounter counter;

  private Bandwidth(long limit, TrafficCounter counter) {
    this.limit = limit;
    this.counter = counter;
  }

  /**
   * A limit, or none.
   *
   * @param executor on which what was moved is forgotten, once a second
   * @param bytesPerSecond 0 for no limit, else {@link #LEAST} at least
   */
  public static Bandwidth of(ScheduledExecutorService executor, long bytesPerSecond) {
    if (bytesPerSecond == 0) {
      return new Bandwidth(0, null);
    }
    TrafficCounter counter = new TrafficCounter(executor, "bandwidth", CHECK_MILLIS);
    counter.start();
    return new Bandwidth(bytesPerSecond, counter);
  }

  public boolean isLimited() {
    return limit > 0;
  }

  /** How long to pause once so many bytes more were moved, in milliseconds. */
  public long pauseAfter(long bytes) {
    return isLimited()
        ? counter.readTimeToWait(bytes, limit, MAX_PAUSE, TrafficCounter.milliSecondFromNano())
        : 0;
  }
}
