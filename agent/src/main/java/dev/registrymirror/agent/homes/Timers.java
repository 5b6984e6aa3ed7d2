package dev.registrymirror.agent.homes;

import java.util.PriorityQueue;
import java.util.function.LongSupplier;

/** What is to be done later, by the injected clock. */
final class Timers {

  private final LongSupplier clock;
  private final Alarm alarm;
  private final PriorityQueue<Timer> queue = new PriorityQueue<>();
  private long count;
  private long armed = Long.MAX_VALUE;

  Timers(LongSupplier clock, Alarm alarm) {
    this.clock = clock;
    this.alarm = alarm;
  }

  long millis() {
    return clock.getAsLong();
  }

  /** Runs {@code task} in the first {@link #run()} at or after {@code atMillis}. */
  Timer at(long atMillis, Runnable task) {
    Timer timer = new Timer(atMillis, count++, task);
    queue.add(timer);
    arm();
    return timer;
  }

  Timer in(long delayMillis, Runnable task) {
    return at(millis() + delayMillis, task);
  }

  void run() {
    armed = Long.MAX_VALUE;
    long now = millis();
    try {
      for (Timer next = queue.peek(); next != null && next.at <= now; next = queue.peek()) {
        queue.poll();
        next.run();
      }
    } finally {
      // A task that fails must not stop the clock of the others.
      arm();
    }
  }

  private void arm() {
    while (!queue.isEmpty() && queue.peek().task == null) {
      queue.poll();
    }
    Timer next = queue.peek();
    if (next != null && next.at < armed) {
      armed = next.at;
      alarm.at(armed);
    }
  }

  /** One thing to do; in the order of time, then of asking. */
  static final class Timer implements Comparable<Timer> {
    private final long at;
    private final long order;
    private Runnable task;

    private Timer(long at, long order, Runnable task) {
      this.at = at;
      this.order = order;
      this.task = task;
    }

    long at() {
      return at;
    }

    /** Still to come. */
    boolean pending() {
      return task != null;
    }

    void cancel() {
      task = null;
    }

    private void run() {
      Runnable due = task;
      task = null;
      if (due != null) {
        due.run();
      }
    }

    @Override
    public int compareTo(Timer other) {
      int byTime = Long.compare(at, other.at);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }
}
