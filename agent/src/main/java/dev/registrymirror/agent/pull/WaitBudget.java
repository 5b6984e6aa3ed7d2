package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.oci.Repository;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the mirror may add to a whole pull by waiting in vain. containerd tells nothing of which
 * requests are one pull's, so those of one repository share a budget until none has waited in vain
 * for {@link #QUIET}.
 */
final class WaitBudget {

  /** After so long without a wait in vain the next one is another pull's. */
  static final Duration QUIET = Duration.ofSeconds(30);

  /** Repositories remembered; the oldest are forgotten. */
  static final int MAX = 1024;

  private record Spent(long nanos, long lastNanoTime) {}

  private final long nanos;
  private final Map<Repository, Spent> spent =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Repository, Spent> eldest) {
          return size() > MAX;
        }
      };

  WaitBudget(Duration budget) {
    this.nanos = budget.toNanos();
  }

  /** What is left; zero where nothing is. */
  synchronized Duration remaining(Repository repository) {
    return Duration.ofNanos(Math.max(0, nanos - spent(repository)));
  }

  /** Requests that wait at the same time each spend: the bound holds for their sum. */
  synchronized void spend(Repository repository, Duration waited) {
    long sum = spent(repository) + waited.toNanos();
    spent.remove(repository);
    spent.put(repository, new Spent(sum, System.nanoTime()));
  }

  private long spent(Repository repository) {
    Spent last = spent.get(repository);
    return last == null || System.nanoTime() - last.lastNanoTime() > QUIET.toNanos()
        ? 0
        : last.nanos();
  }
}
