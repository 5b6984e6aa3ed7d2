package dev.registrymirror.agent.tags;

import dev.registrymirror.agent.bounds.BoundedMap;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/** What was lately learnt of each key, each for its own time; the oldest goes where it is full. */
final class Recent<K> {

  private record Learnt(ProbeResult result, long until) {}

  private final LongSupplier nanoTime;
  private final Map<K, Learnt> entries;

  /**
   * @param capacity entries at most
   * @param nanoTime as {@link System#nanoTime()}
   */
  Recent(int capacity, LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.entries = new BoundedMap<>(capacity);
  }

  synchronized void put(K key, ProbeResult result, Duration time) {
    // Removed first, so that the order is that of learning.
    entries.remove(key);
    entries.put(key, new Learnt(result, nanoTime.getAsLong() + time.toNanos()));
  }

  synchronized Optional<ProbeResult> get(K key) {
    Learnt learnt = entries.get(key);
    if (learnt == null) {
      return Optional.empty();
    }
    if (learnt.until - nanoTime.getAsLong() <= 0) {
      entries.remove(key);
      return Optional.empty();
    }
    return Optional.of(learnt.result);
  }

  synchronized int size() {
    return entries.size();
  }
}
