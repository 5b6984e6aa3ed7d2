package dev.registrymirror.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

class DurationsTest {

  @Property
  void whatIsWrittenIsReadAgain(@ForAll @LongRange(min = 1, max = 300_000) long milliseconds) {
    Duration duration = Duration.ofMillis(milliseconds);

    assertThat(Durations.tryParse(Durations.format(duration))).contains(duration);
  }

  @Property
  void noTextIsReadAsADurationOutOfBounds(@ForAll String text) {
    assertThat(Durations.tryParse(text))
        .satisfiesAnyOf(
            read -> assertThat(read).isEmpty(),
            read -> assertThat(read.orElseThrow()).isBetween(Duration.ofMillis(1), Durations.MAX));
  }
}
