package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.telemetry.Log;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * What the log tells of the flights that this node leads: when one starts here, is taken over from
 * another node, and ends. A pull that is cancelled and comes again goes on with its flight. Any
 * thread.
 */
final class FlightLog {

  /** The oldest are forgotten beyond so many; their end is not logged. */
  static final int MAX = 1024;

  private static final Log log = Log.of("pull");

  private final Map<Digest, Flight> flights =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Digest, Flight> eldest) {
          return size() > MAX;
        }
      };

  private static final class Flight {
    private final long began = System.nanoTime();
    private int followers;
  }

  /**
   * This node is to lead; nothing new where it does already.
   *
   * @param offset from which it goes upstream, in bytes
   * @param followed whether it followed another node until now
   */
  synchronized void begin(Request request, long offset, boolean followed) {
    if (flights.putIfAbsent(request.digest(), new Flight()) != null) {
      return;
    }
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
