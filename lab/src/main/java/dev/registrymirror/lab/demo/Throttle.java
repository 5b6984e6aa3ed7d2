package dev.registrymirror.lab.demo;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A rate that several streams share. */
final class Throttle {

  private final double bytesPerNano;
  private long free = System.nanoTime();

  /**
   * @param megabits 10^6 bits a second
   */
  Throttle(int megabits) {
    bytesPerNano = megabits * 1e6 / 8 / TimeUnit.SECONDS.toNanos(1);
  }

  /** Returns when the turn of so many bytes has come. */
  void pass(int bytes) {
    long turn = reserve(bytes);
    for (long left = turn - System.nanoTime(); left > 0; left = turn - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  private synchronized long reserve(int bytes) {
    long turn = Math.max(free, System.nanoTime());
    free = turn + (long) (bytes / bytesPerNano);
    return turn;
  }
}
