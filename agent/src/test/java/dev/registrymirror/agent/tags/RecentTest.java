package dev.registrymirror.agent.tags;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.tags.ProbeResult.Outcome;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RecentTest {

  private static final ProbeResult GONE = ProbeResult.of(Outcome.GONE, "404");
  private static final Duration SECOND = Duration.ofSeconds(1);

  /** Near the end of its range, as System.nanoTime() may be. */
  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1);

  private final Recent<String> recent = new Recent<>(2, now::get);

  @Test
  void forgetsInTime() {
    recent.put("a", GONE, SECOND);

    now.addAndGet(SECOND.toNanos() - 1);
    assertThat(recent.get("a")).contains(GONE);

    now.addAndGet(1);
    assertThat(recent.get("a")).isEmpty();
    assertThat(recent.size()).isZero();
  }

  @Test
  void theOldestGoesWhereItIsFull() {
    recent.put("a", GONE, SECOND);
    recent.put("b", GONE, SECOND);
    recent.put("a", GONE, SECOND);
    recent.put("c", GONE, SECOND);

    assertThat(recent.get("b")).isEmpty();
    assertThat(recent.get("a")).isPresent();
    assertThat(recent.get("c")).isPresent();
  }
}
