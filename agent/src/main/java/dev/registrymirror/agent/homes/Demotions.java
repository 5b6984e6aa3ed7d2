package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.bounds.BoundedMap;
import dev.registrymirror.agent.oci.Digest;
import java.util.Map;

/**
 * Providers that did not give a digest. What a provider says of itself is not forgotten for it: it
 * may have been a moment, so each demotion ends by itself.
 */
final class Demotions {

  /** The oldest are forgotten beyond so many. */
  static final int MAX = 4_096;

  /** A provider that did not hold the digest, or stalled, in milliseconds. */
  static final long DEMOTED = 60_000;

  /** One whose bytes were wrong, unless it withdraws the digest before. */
  static final long BANNED = 3_600_000;

  private final Timers timers;

  private final Map<Holder, Demotion> demotions = new BoundedMap<>(MAX);

  private record Holder(Digest digest, Peer provider) {}

  private record Demotion(Failure failure, long until) {}

  Demotions(Timers timers) {
    this.timers = timers;
  }

  void add(Digest digest, Peer provider, Failure failure) {
    Holder holder = new Holder(digest, provider);
    if (failure != Failure.CORRUPT && find(holder) == Failure.CORRUPT) {
      return;
    }
    long until = timers.millis() + (failure == Failure.CORRUPT ? BANNED : DEMOTED);
    demotions.remove(holder);
    demotions.put(holder, new Demotion(failure, until));
  }

  /** The provider says anew that it holds the digest; that its bytes are right, it cannot know. */
  void announced(Digest digest, Peer provider) {
    Holder holder = new Holder(digest, provider);
    if (find(holder) != Failure.CORRUPT) {
      demotions.remove(holder);
    }
  }

  void withdrawn(Digest digest, Peer provider) {
    demotions.remove(new Holder(digest, provider));
  }

  /** To be left out of answers. */
  boolean isLeftOut(Digest digest, Peer provider) {
    Failure failure = find(new Holder(digest, provider));
    return failure == Failure.NOT_HELD || failure == Failure.CORRUPT;
  }

  /** To come last in answers. */
  boolean isLast(Digest digest, Peer provider) {
    return find(new Holder(digest, provider)) != null;
  }

  private Failure find(Holder holder) {
    if (demotions.isEmpty()) {
      return null;
    }
    Demotion demotion = demotions.get(holder);
    return demotion == null || demotion.until <= timers.millis() ? null : demotion.failure;
  }
}
