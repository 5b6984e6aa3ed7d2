package dev.registrymirror.operator.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.operator.resources.Roster;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RosterPaceTest {

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final RosterPace pace = new RosterPace();

  private static NodeFacts node(int number) {
    return new NodeFacts(
        "node-" + number,
        "10.%d.%d.%d".formatted(100 + number / 65_536, number / 256 % 256, number % 256),
        "eu-central-1a",
        Map.of(),
        true,
        "linux",
        "",
        "",
        "");
  }

  @Test
  void nodeThatIsGoneStaysForAWhile() {
    pace.nodes(List.of(node(1), node(2)), START);

    Instant gone = START.plusSeconds(1);
    assertThat(pace.nodes(List.of(node(1)), gone)).hasSize(2);
    Instant later = START.plus(RosterPace.GONE);
    assertThat(pace.nodes(List.of(node(1)), later)).containsExactly(node(1));
  }

  @Test
  void publicationsAreApart() {
    assertThat(pace.wait(START)).isEmpty();
    assertThat(pace.wait(START.plusSeconds(10))).contains(Duration.ofSeconds(20));
    assertThat(pace.wait(START.plusSeconds(30))).isEmpty();
  }

  @Test
  void manyNodesFit() {
    String five = Roster.of(IntStream.range(0, 5_000).mapToObj(RosterPaceTest::node).toList(), 1);

    assertThat(Roster.fits(five)).isTrue();
    assertThat(five.length()).isLessThan(400_000);
    assertThat(
            Roster.fits(
                Roster.of(IntStream.range(0, 20_000).mapToObj(RosterPaceTest::node).toList(), 1)))
        .isFalse();
  }
}
