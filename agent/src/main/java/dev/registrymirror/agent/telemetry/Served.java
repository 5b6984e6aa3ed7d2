package dev.registrymirror.agent.telemetry;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/** What this node has sent to other nodes since the start. Any thread. */
public final class Served {

  private final LongAdder blobs = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private volatile Instant last;

  /**
   * What it was at one moment.
   *
   * @param blobs sent, a part of one counting as one
   * @param last empty where nothing was sent
   */
  public record Sum(long blobs, long bytes, Optional<Instant> last) {}

  /** A blob, or the part of one that was asked for, was sent. */
  public void blob() {
    blobs.increment();
    last = Instant.now();
  }

  /** Bytes of a body were handed to the network. */
  public void bytes(long count) {
    bytes.add(count);
  }

  /** All so far. */
  public Sum sum() {
    return new Sum(blobs.sum(), bytes.sum(), Optional.ofNullable(last));
  }
}
