package dev.registrymirror.lab.machine;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits for a condition, never for a time to pass. */
public final class Await {

  private static final long SHORTEST_PAUSE_MILLIS = 10;
  private static final long LONGEST_PAUSE_MILLIS = 500;

  /** A pause is so many times as long as the try before it. */
  private static final int PAUSE_FACTOR = 3;

  private Await() {}

  /**
   * Returns when {@code condition} holds. Many a try starts a command, and what it waits for needs
   * the processors too: so the longer one takes, the longer is the pause after it, 10 to 500 ms.
   *
   * @param what the condition in words, for the error
   * @throws LabException where it does not hold within {@code bound}, or the thread is interrupted
   */
  public static void until(String what, Duration bound, BooleanSupplier condition) {
    long begin = System.nanoTime();
    long tryBegins = begin;
    while (!condition.getAsBoolean()) {
      long tryEnds = System.nanoTime();
      if (tryEnds - begin > bound.toNanos()) {
        throw new LabException("waited " + bound.toMillis() + " ms in vain until " + what);
      }
      pause(PAUSE_FACTOR * TimeUnit.NANOSECONDS.toMillis(tryEnds - tryBegins));
      tryBegins = System.nanoTime();
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(Math.clamp(millis, SHORTEST_PAUSE_MILLIS, LONGEST_PAUSE_MILLIS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted", e);
    }
  }
}
