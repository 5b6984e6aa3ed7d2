package dev.registrymirror.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.lab.bench.Figure.Side;
import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {

  private final Table table = new Table();

  @Test
  void ratiosAreOfWhatWasMeasuredInTheSameRound() {
    // Given rounds in the second of which the machine was ten times slower for both
    table.add(Figure.ONE_STREAM, Side.MIRROR, 1000);
    table.add(Figure.ONE_STREAM, Side.NGINX, 500);
    table.add(Figure.ONE_STREAM, Side.MIRROR, 100);
    table.add(Figure.ONE_STREAM, Side.NGINX, 50);

    // When, then
    assertThat(row(Figure.ONE_STREAM))
        .contains("| 100 (100–1000) |")
        .contains("| 50.0 (50.0–500) |")
        .contains("| 2.00 (2.00–2.00) |");
  }

  @Test
  void whatWasNotMeasuredStaysEmpty() {
    table.add(Figure.ONE_MORE_NODE, Side.MIRROR, 1.5);

    assertThat(row(Figure.ONE_MORE_NODE)).endsWith("| s | 1.50 | | | | | ≤ 0.8 × Spegel |");
  }

  @Test
  void percentilesAreSamples() {
    Samples samples = new Samples(List.of(5.0, 1.0, 4.0, 2.0, 3.0));

    assertThat(List.of(samples.min(), samples.median(), samples.percentile(99), samples.max()))
        .containsExactly(1.0, 3.0, 5.0, 5.0);
  }

  @Test
  void noSamplesAreNoFigure() {
    assertThatThrownBy(() -> new Samples(List.of())).isInstanceOf(IllegalArgumentException.class);
  }

  private String row(Figure figure) {
    return table
        .markdown()
        .lines()
        .filter(line -> line.startsWith("| " + figure.what + " |"))
        .findFirst()
        .orElseThrow();
  }
}
