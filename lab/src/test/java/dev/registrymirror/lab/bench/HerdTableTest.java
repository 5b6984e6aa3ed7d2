package dev.registrymirror.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HerdTableTest {

  private static final HerdFigures ALONE = new HerdFigures(500_000_000, 20, 25, 25, 25, 0.5, 0, 0);

  private final HerdTable table = new HerdTable();

  @Test
  void aHerdIsToldAsRatiosToOneNodeAlone() {
    table.add(
        HerdRow.HERD_5, "mirror", new HerdFigures(525_000_000, 22, 30, 29, 30, 0.25, 1, 70), ALONE);

    assertThat(table.newest())
        .isEqualTo(
            "| herd of 5: 5 × 100 MB, upstream 200 Mbit/s | mirror | 525 (1.05) | 22.0 (1.10) |"
                + " 30.0 (1.20) | 25 % | 1 | 70.0 | ≤ 1.05; ≤ 1.15; ≤ 1.25 |");
  }

  @Test
  void othersThanOursHaveNothingToReach() {
    table.add(HerdRow.HERD_5, "no mirror", ALONE, ALONE);

    assertThat(table.newest()).endsWith("|  |  |");
  }

  @Test
  void theLastOfThoseWhoJoinIsHeldAgainstTheFirst() {
    table.add(
        HerdRow.JOINING, "mirror", new HerdFigures(500_000_000, 20, 30, 20, 30, 0, 0, 70), ALONE);

    assertThat(table.newest()).contains("| 30.0 (1.20; 1.50 × the first's) |");
  }

  @Test
  void thoseThatAFaultDidNotStrikeAreToldApart() {
    table.add(
        HerdRow.BLACK_HOLED,
        "mirror",
        new HerdFigures(500_000_000, 20, 50, 20, 30, 0, 0, 70),
        ALONE);

    assertThat(table.newest()).contains("| 50.0 (2.00; others 1.20) |");
  }

  @Test
  void withoutAMirrorThereIsNoMemoryToTell() {
    table.addUnit(Workload.FIVE_LAYERS, ALONE);

    assertThat(table.newest()).endsWith("| 50 % | 0 |  |  |");
  }

  @ParameterizedTest
  @EnumSource
  void aRowIsFoundByItsArgument(HerdRow row) {
    assertThat(HerdRow.of(row.argument())).isEqualTo(row);
  }
}
