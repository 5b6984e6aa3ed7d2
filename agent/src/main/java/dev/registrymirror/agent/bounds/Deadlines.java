package dev.registrymirror.agent.bounds;

import java.time.Duration;

/**
 * Every wait of the agent, in one table. containerd does not survive a mirror that never answers
 * (releases before 2.3 wait for over 300 s), so each ends within its bound.
 *
 * @param connect until a peer accepts a connection
 * @param lookup until a home answers; the second home is asked after it, with the same bound
 * @param firstByte until a provider sends its first byte; then the next is asked
 * @param stall without a byte in the middle of a stream; then another source at the offset, then
 *     FIN
 * @param upstreamHead for the anonymous HEAD upstream on {@code /fallback}
 * @param wholePull added to a whole pull, summed over its requests, with every peer black-holed
 * @param drain for streams under way on SIGTERM
 */
public record Deadlines(
    Duration connect,
    Duration lookup,
    Duration firstByte,
    Duration stall,
    Duration upstreamHead,
    Duration wholePull,
    Duration drain) {

  public static final Deadlines DEFAULTS =
      new Deadlines(
          Duration.ofMillis(500),
          Duration.ofMillis(100),
          Duration.ofSeconds(2),
          Duration.ofSeconds(5),
          Duration.ofSeconds(2),
          Duration.ofSeconds(3),
          Duration.ofSeconds(20));
}
