package dev.registrymirror.agent.store;

import dev.registrymirror.agent.telemetry.Log;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The one thread on which a store changes its mind: files looked at, listeners told, in order. It
 * keeps directory listings and hashing away from the event loops that serve blobs.
 *
 * <p>A task that fails is logged and does not stop the others. After {@link #close} tasks are
 * dropped.
 */
// Guarded tasks do not fail, so nobody needs their futures.
@SuppressWarnings("FutureReturnValueIgnored")
public final class StoreThread implements AutoCloseable {

  private static final Log log = Log.of("store");

  private static final Duration STOP = Duration.ofSeconds(5);

  private final ScheduledThreadPoolExecutor executor;

  public StoreThread(String name) {
    executor =
        new ScheduledThreadPoolExecutor(
            1, task -> Thread.ofPlatform().name(name).daemon().unstarted(task));
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Runs {@code task} after those handed over before. */
  public void execute(Runnable task) {
    after(Duration.ZERO, task);
  }

  /** Runs {@code task} once {@code delay} has passed. */
  public void after(Duration delay, Runnable task) {
    try {
      executor.schedule(() -> guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("store is closed, task dropped");
    }
  }

  /** Runs {@code task} again and again, {@code pause} after it ended. */
  public void every(Duration pause, Runnable task) {
    try {
      executor.scheduleWithFixedDelay(
          () -> guarded(task), pause.toNanos(), pause.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("store is closed, task dropped");
    }
  }

  /**
   * Runs {@code task} and waits for its end, so that the caller is held back where the store is
   * busy.
   *
   * @return false where the store is closed
   */
  boolean executeAndWait(Runnable task) throws InterruptedException {
    try {
      executor.submit(() -> guarded(task)).get();
      return true;
    } catch (RejectedExecutionException | CancellationException e) {
      return false;
    } catch (ExecutionException e) {
      throw new AssertionError("guarded tasks do not throw", e);
    }
  }

  private static void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      log.error("store task failed", e, "mend", "report this as a bug");
    }
  }

  /** Lets the task under way end, within 5 s; drops the others. */
  @Override
  public void close() {
    for (Runnable dropped : executor.shutdownNow()) {
      // Who waits for it would wait for ever.
      if (dropped instanceof Future<?> future) {
        future.cancel(false);
      }
    }
    try {
      if (!executor.awaitTermination(STOP.toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("store thread is still busy", "after", STOP);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
