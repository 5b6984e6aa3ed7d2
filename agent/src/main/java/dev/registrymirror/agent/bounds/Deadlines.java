package dev.registrymirror.agent.bounds;

import java.time.Duration;

/**
 * Every wait of the agent, in one table. containerd does not survive a mirror that never answers
 * (releases before 2.3 wait for over 300 s), so each ends within its bound.
 *
 * @param connect until a peer accepts a connection
 * @param lookup until a home answers; the second home is asked after it, with the same bound
 * @param place until a home gives a place in a download under way; longer than a lookup, as going
 *     on without it costs one download more
 * @param firstByte until a provider sends its first byte; then the next is asked
 * @param stall without a byte in the middle of a stream; then another source at the offset, then
 *     FIN
 * @param flightQuiet without progress anywhere in a download under way; then another source, then
 *     upstream
 * @param flightWait for the first byte of a download under way, or the next, in all
 * @param upstreamHead for the anonymous HEAD upstream on {@code /fallback}
 * @param wholePull added to a whole pull, summed over its requests, with every peer black-holed
 * @param drain for streams under way on SIGTERM
 */
public record Deadlines(
    Duration connect,
    Duration lookup,
    Duration place,
    Duration firstByte,
    Duration stall,
    Duration flightQuiet,
    Duration flightWait,
    Duration upstreamHead,
    Duration wholePull,
    Duration drain) {

  public static final Deadlines DEFAULTS =
      new Deadlines(
          Duration.ofMillis(500),
          Duration.ofMillis(100),
          Duration.ofMillis(500),
          Duration.ofSeconds(2),
          Duration.ofSeconds(5),
          Duration.ofSeconds(5),
          Duration.ofSeconds(15),
          Duration.ofSeconds(2),
          Duration.ofSeconds(3),
          Duration.ofSeconds(20));
}
