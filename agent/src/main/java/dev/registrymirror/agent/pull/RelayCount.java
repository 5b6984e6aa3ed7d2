package dev.registrymirror.agent.pull;

import java.util.concurrent.atomic.AtomicInteger;

/** Relays under way over all event loops, at most so many. */
final class RelayCount {

  private final int max;
  private final AtomicInteger current = new AtomicInteger();

  RelayCount(int max) {
    this.max = max;
  }

  boolean tryAcquire() {
    if (current.incrementAndGet() <= max) {
      return true;
    }
    current.decrementAndGet();
    return false;
  }

  void release() {
    current.decrementAndGet();
  }

  int current() {
    return current.get();
  }
}
