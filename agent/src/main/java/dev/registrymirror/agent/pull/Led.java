package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.bounds.BoundedMap;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.telemetry.Log;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * Flights that this node leads: for the log, when one starts here, is taken over from another node,
 * and ends; and how fast upstream is for this node, which tells whether it could do better than
 * another leader. A pull that is cancelled and comes again goes on with its flight. Any thread.
 */
final class Led {

  /** The oldest are forgotten beyond so many; their end is not logged. */
  static final int MAX = 1024;

  /** Ended downloads whose rate is remembered. */
  static final int MAX_ENDED = 8;

  /** What a download was like counts for so long: upstream and its load change. */
  static final Duration LATELY = Duration.ofSeconds(30);

  /** A shorter download says nothing of a rate. */
  static final Duration LONG_ENOUGH = Duration.ofSeconds(1);

  private static final Log log = Log.of("pull");

  private final Map<Digest, Flight> flights = new BoundedMap<>(MAX);

  private static final class Flight {
    private long began = System.nanoTime();
    private int followers;

    // As it grows, in bytes; the first is what was there before.
    private long first = -1;
    private long length;
    private long grew = began;

    /** What grows from now on is what tells. */
    void restart() {
      began = System.nanoTime();
      first = -1;
    }

    void grew(long now) {
      first = first < 0 ? now : first;
      length = now;
      grew = System.nanoTime();
    }

    Rate rate() {
      long nanos = grew - began;
      boolean known = first >= 0 && nanos >= LONG_ENOUGH.toNanos();
      return new Rate(known ? (long) ((length - first) * 1e9 / nanos) : 0, grew);
    }
  }

  /** Bytes a second, 0 where it is not known, and when that was, in {@code System.nanoTime()}. */
  private record Rate(long bytes, long at) {
    boolean isLately() {
      return Pull.since(at).compareTo(LATELY) <= 0;
    }
  }

  /** Of the last that have ended. */
  private final Deque<Rate> ended = new ArrayDeque<>();

  /**
   * This node is to lead; nothing new where it does already.
   *
   * @param offset from which it goes upstream, in bytes
   * @param followed whether it followed another node until now
   */
  synchronized void begin(Request request, long offset, boolean followed) {
    Flight known = flights.get(request.digest());
    if (known != null) {
      known.restart();
      return;
    }
    flights.put(request.digest(), new Flight());
    if (followed || offset > 0) {
      log.info("flight taken over", "digest", request.digest(), "offset", offset);
    } else {
      log.info("flight starts", "digest", request.digest(), "repository", request.repository());
    }
  }

  /** Another node asks for it as it comes. */
  synchronized void followed(Digest digest) {
    Flight flight = flights.get(digest);
    if (flight != null) {
      flight.followers++;
    }
  }

  /** Its download has so many bytes now. */
  synchronized void grew(Digest digest, long length) {
    Flight flight = flights.get(digest);
    if (flight != null) {
      flight.grew(length);
    }
  }

  /**
   * How fast downloads that this node led lately were, on average, in bytes a second; 0 where there
   * was none. Not the fastest of them: downloads that share a link share it unevenly.
   */
  synchronized long rate() {
    return (long)
        Stream.concat(ended.stream(), flights.values().stream().map(Flight::rate))
            .filter(Rate::isLately)
            .mapToLong(Rate::bytes)
            .filter(bytes -> bytes > 0)
            .average()
            .orElse(0);
  }

  /** Whether this node leads, and its download has not begun to grow. */
  synchronized boolean isQueued(Digest digest) {
    Flight flight = flights.get(digest);
    return flight != null && flight.first < 0;
  }

  /** Upstream gave nothing to this node: somebody else is to lead. */
  synchronized void refused(Digest digest) {
    if (flights.remove(digest) != null) {
      log.info("flight given up, as upstream failed", "digest", digest);
    }
  }

  /**
   * The blob is whole in this node's store.
   *
   * @param size in bytes; asked for only where this node leads
   */
  synchronized void committed(Digest digest, LongSupplier size) {
    Flight flight = flights.remove(digest);
    if (flight != null) {
      ended.addLast(flight.rate());
      if (ended.size() > MAX_ENDED) {
        ended.removeFirst();
      }
      Duration took = Pull.since(flight.began);
      log.info(
          "flight ends",
          "digest",
          digest,
          "size",
          size.getAsLong(),
          "followers",
          flight.followers,
          "seconds",
          took.toMillis() / 1e3);
    }
  }
}
