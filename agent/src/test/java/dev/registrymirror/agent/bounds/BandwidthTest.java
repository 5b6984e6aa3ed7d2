package dev.registrymirror.agent.bounds;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.DefaultEventExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How long the limits let who moves bytes pause. */
class BandwidthTest {

  private final DefaultEventExecutor executor = new DefaultEventExecutor();

  @AfterEach
  void end() {
    executor.shutdownGracefully();
  }

  @Test
  void withoutALimitNobodyPauses() {
    Bandwidth none = Bandwidth.of(executor, 0);

    assertThat(none.isLimited()).isFalse();
    assertThat(none.pauseAfter(Long.MAX_VALUE / 2)).isZero();
  }

  @Test
  void whoeverMovesMoreThanTheLimitPauses() {
    // Given
    Bandwidth limit = Bandwidth.of(executor, 10 * Bandwidth.LEAST);

    // When one stream has moved what may be moved in three seconds
    limit.pauseAfter(30 * Bandwidth.LEAST);

    // Then the next one pauses for it too, and never as long as a stream looks stalled
    assertThat(limit.pauseAfter(Bandwidth.PIECE)).isPositive();
    assertThat(limit.pauseAfter(1_000 * Bandwidth.LEAST)).isEqualTo(Bandwidth.MAX_PAUSE);
  }
}
