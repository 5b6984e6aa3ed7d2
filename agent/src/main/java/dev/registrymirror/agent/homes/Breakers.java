package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.bounds.BoundedMap;
import java.util.Map;

/**
 * Peers that failed lately. Each failure leaves a peer out for a while, twice as long as the one
 * before; then it is tried again, and its first success closes the breaker.
 */
final class Breakers {

  private final Timers timers;
  private final Settings settings;
  private final Map<Peer, Breaker> breakers;

  private record Breaker(int failures, long openUntil) {}

  Breakers(Timers timers, Settings settings) {
    this.timers = timers;
    this.settings = settings;
    int max = settings.limits().peers();
    this.breakers = new BoundedMap<>(max);
  }

  boolean isOpen(Peer peer) {
    Breaker breaker = breakers.get(peer);
    return breaker != null && timers.millis() < breaker.openUntil;
  }

  void failed(Peer peer) {
    if (isOpen(peer)) {
      // Several requests that fail together are one failure.
      return;
    }
    Breaker before = breakers.remove(peer);
    int failures = before == null ? 0 : before.failures + 1;
    breakers.put(peer, new Breaker(failures, timers.millis() + retryAfter(failures)));
  }

  void succeeded(Peer peer) {
    breakers.remove(peer);
  }

  /** The wait after so many failures in a row before the last, in milliseconds. */
  long retryAfter(int failures) {
    Settings.Times times = settings.times();
    return Math.min(times.maxRetry(), times.minRetry() << Math.min(failures, 20));
  }

  int open() {
    long now = timers.millis();
    return (int) breakers.values().stream().filter(each -> now < each.openUntil).count();
  }
}
