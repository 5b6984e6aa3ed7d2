package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.bounds.BoundedMap;
import dev.registrymirror.agent.oci.Repository;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * What the mirror may add to a whole pull by waiting in vain. containerd tells nothing of which
 * requests are one pull's, so those of one repository share a budget until none has waited in vain
 * for {@link #QUIET}.
 *
 * <p>Time in which several wait is spent once, and while they still wait: who comes last waits no
 * longer than who came first.
 */
final class WaitBudget {

  /** After so long without a wait in vain the next one is another pull's. */
  static final Duration QUIET = Duration.ofSeconds(30);

  /** Repositories remembered; the oldest are forgotten. */
  static final int MAX = 1024;

  private final long nanos;
  private final LongSupplier nanoTime;
  private final Map<Repository, Account> accounts = new BoundedMap<>(MAX);

  /** One repository's; guarded by the budget. */
  private static final class Account {
    private final Deque<Wait> underWay = new ArrayDeque<>(4);
    private long spent;

    /** When a wait in vain last ended; means nothing before the first. */
    private long spentUntil;

    /** What those under way have waited beyond what is spent already. */
    private long running(long now) {
      if (underWay.isEmpty()) {
        return 0;
      }
      long oldest = now - underWay.getFirst().since;
      return spent == 0 ? oldest : Math.min(oldest, now - spentUntil);
    }
  }

  /** One request's wait under way; ends with one of its two methods, or again without effect. */
  final class Wait {
    private final Repository repository;
    private final Account account;
    private final long since;

    private Wait(Repository repository, Account account, long since) {
      this.repository = repository;
      this.account = account;
      this.since = since;
    }

    /** What is left of the budget, this wait so far taken off; zero where nothing is. */
    Duration remaining() {
      return WaitBudget.this.remaining(repository);
    }

    /** It was not in vain, or nobody is left who would have waited. */
    void over() {
      synchronized (WaitBudget.this) {
        account.underWay.remove(this);
        if (account.underWay.isEmpty() && account.spent == 0) {
          accounts.remove(repository, account);
        }
      }
    }

    /** It was in vain, and is spent. */
    void inVain() {
      synchronized (WaitBudget.this) {
        if (account.underWay.contains(this)) {
          long now = nanoTime.getAsLong();
          account.spent += account.running(now);
          account.spentUntil = now;
          account.underWay.remove(this);
          accounts.remove(repository, account);
          accounts.put(repository, account);
        }
      }
    }
  }

  WaitBudget(Duration budget) {
    this(budget, System::nanoTime);
  }

  WaitBudget(Duration budget, LongSupplier nanoTime) {
    this.nanos = budget.toNanos();
    this.nanoTime = nanoTime;
  }

  /** A request begins to wait. */
  synchronized Wait begin(Repository repository) {
    Account account = accounts.computeIfAbsent(repository, r -> new Account());
    forget(account);
    Wait wait = new Wait(repository, account, nanoTime.getAsLong());
    account.underWay.addLast(wait);
    return wait;
  }

  /** What is left; zero where nothing is. */
  synchronized Duration remaining(Repository repository) {
    Account account = accounts.get(repository);
    if (account == null) {
      return Duration.ofNanos(nanos);
    }
    forget(account);
    long left = nanos - account.spent - account.running(nanoTime.getAsLong());
    return Duration.ofNanos(Math.max(0, left));
  }

  private void forget(Account account) {
    if (account.spent > 0 && nanoTime.getAsLong() - account.spentUntil > QUIET.toNanos()) {
      account.spent = 0;
    }
  }
}
