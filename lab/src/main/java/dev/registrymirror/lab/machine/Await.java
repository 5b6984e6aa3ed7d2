package dev.registrymirror.lab.machine;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for a condition, never for a time to pass. */
public final class Await {

  private static final Duration BETWEEN_TRIES = Duration.ofMillis(10);

  private Await() {}

  /**
   * Returns as soon as {@code condition} holds.
   *
   * @param what the condition in words, for the error
   * @throws LabException where it does not hold within {@code bound}, or the thread is interrupted
   */
  public static void until(String what, Duration bound, BooleanSupplier condition) {
    long deadline = System.nanoTime() + bound.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new LabException("waited " + bound.toMillis() + " ms in vain until " + what);
      }
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(BETWEEN_TRIES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted", e);
    }
  }
}
