package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.bounds.Deadlines;

/** The bounds of {@link Homes}: of time and of memory. */
public record Settings(Times times, Limits limits) {

  public static final Settings DEFAULTS = of(Deadlines.DEFAULTS);

  /** The defaults, with the bounds of asking and of downloads taken from {@code deadlines}. */
  public static Settings of(Deadlines deadlines) {
    return new Settings(
        new Times(
            deadlines.lookup().toMillis(),
            deadlines.place().toMillis(),
            deadlines.flightQuiet().toMillis(),
            1_000,
            100,
            30_000,
            50,
            10,
            20,
            60_000,
            180_000,
            600_000,
            120_000,
            1_000,
            30_000),
        new Limits(
            64, 50_000, 10_000, 400_000, 16_384, Message.MAX_PROVIDERS, 16, 8, 4_096, 1_024, 2));
  }

  /**
   * All in milliseconds, but for {@code fullEvery}.
   *
   * @param lookup until a home answers; a whole lookup ends within twice that
   * @param place until a home gives a place in a flight, or says what a tag points to; then the
   *     next is asked
   * @param quiet of a download under way, before its leader can be complained of
   * @param request until any other request is answered
   * @param batch from the first change until it is announced, so that changes travel together
   * @param checkPeriod between two checks of one home, at least; see {@link #round}
   * @param pace between any two checks that this node sends
   * @param greetPace between any two greetings that this node sends when it has started
   * @param fullEvery so many checks of a home apart everything is sent, whatever it says it knows
   * @param removalDebounce how long a node that left the roster is still taken for a member: a gap
   *     in a roster's file loses nothing
   * @param linger how long a home that lost shards keeps what it was told of them: other nodes may
   *     read the roster 60 to 90 s later and still ask it
   * @param silence a provider that announces nothing for so long is forgotten; sooner where it is
   *     outside the roster, see {@link #silenceOutside}
   * @param young for how long after its start, or a change of the roster, a home's "nobody" is
   *     doubted; also how long a restarted provider has to say again what it holds
   * @param minRetry the first wait after a failed request to a peer; doubles with each failure
   * @param maxRetry the longest
   */
  public record Times(
      long lookup,
      long place,
      long quiet,
      long request,
      long batch,
      long checkPeriod,
      long pace,
      long greetPace,
      int fullEvery,
      long removalDebounce,
      long linger,
      long silence,
      long young,
      long minRetry,
      long maxRetry) {

    /**
     * Within how long a node checks each of that many homes once: 30 s up to 600 homes, 250 s for
     * 5,000.
     */
    public long round(int homes) {
      return Math.max(checkPeriod, homes * pace);
    }

    /** When a silent provider outside a roster of that size is forgotten. */
    public long silenceOutside(int rosterSize) {
      return Math.min(silence, 2 * round(rosterSize) + removalDebounce);
    }
  }

  /**
   * Counts, but for {@link #maxMessageBytes}.
   *
   * @param requests announcements and greetings under way at once; further ones wait their turn
   * @param digests that this node keeps as a home; those unused for longest are dropped and counted
   * @param tags as {@code digests}
   * @param holdings pairs of digest and provider; about 300 bytes a digest and 8 a pair, so the
   *     defaults bound a home's table at about 20 MiB
   * @param peers that announced something, and whose failures are remembered
   * @param providers of one digest
   * @param tagRecords of one tag
   * @param answer providers in one answer
   * @param entries changes in one message, at most {@link Message#MAX_ENTRIES}
   * @param lookups under way; further ones are answered with nothing at once
   * @param fanOut followers that take the bytes of one download from one node
   */
  public record Limits(
      int requests,
      int digests,
      int tags,
      int holdings,
      int peers,
      int providers,
      int tagRecords,
      int answer,
      int entries,
      int lookups,
      int fanOut) {

    /** What a message carries weighs no more, in bytes; a digest or a tag at least fits. */
    public int maxMessageBytes() {
      return 256 << 10;
    }
  }
}
