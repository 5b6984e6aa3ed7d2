package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.bounds.Deadlines;
import java.time.Duration;

/**
 * The bounds of {@link Homes}.
 *
 * @param lookup until a home answers; a whole lookup ends within twice that
 * @param request until any other request is answered
 * @param batch from the first change until it is announced, so that changes travel together
 * @param checkPeriod between two checks of one home; longer where {@link #paceMillis} asks for it
 * @param paceMillis between any two checks or greetings that this node sends: 5,000 nodes are
 *     checked in 250 s
 * @param fullEvery each so-many-th check sends everything, whatever the home says that it knows
 * @param removalDebounce how long a node that left the roster is still taken for a member
 * @param silence a provider not heard of for so long is forgotten; one outside the roster after two
 *     check periods and {@code removalDebounce}
 * @param young how long after its start or a change of the roster a home's "nobody" is doubted
 * @param minRetry the first wait after a failed request to a peer; doubles with each failure
 * @param maxRetry the longest
 * @param maxDigests a home keeps at most so many digests, and a quarter of it tags; the oldest are
 *     dropped and counted
 * @param maxHoldings at most so many pairs of digest and provider
 * @param maxProviders of one digest
 * @param maxTagRecords of one tag
 * @param maxAnswer providers in one answer
 * @param maxEntries changes in one message
 * @param maxLookups lookups under way; more are answered with nothing at once
 */
public record Settings(
    Duration lookup,
    Duration request,
    Duration batch,
    Duration checkPeriod,
    long paceMillis,
    int fullEvery,
    Duration removalDebounce,
    Duration silence,
    Duration young,
    Duration minRetry,
    Duration maxRetry,
    int maxDigests,
    int maxHoldings,
    int maxProviders,
    int maxTagRecords,
    int maxAnswer,
    int maxEntries,
    int maxLookups) {

  public static final Settings DEFAULTS =
      new Settings(
          Deadlines.DEFAULTS.lookup(),
          Duration.ofSeconds(1),
          Duration.ofMillis(100),
          Duration.ofSeconds(30),
          50,
          20,
          Duration.ofSeconds(60),
          Duration.ofMinutes(10),
          Duration.ofSeconds(30),
          Duration.ofSeconds(1),
          Duration.ofSeconds(30),
          50_000,
          400_000,
          Message.MAX_PROVIDERS,
          16,
          8,
          Message.MAX_ENTRIES,
          1_024);
}
