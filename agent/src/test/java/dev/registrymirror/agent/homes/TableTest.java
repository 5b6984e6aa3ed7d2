package dev.registrymirror.agent.homes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Digest;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a home does with announcements that come late, twice, or not at all. */
class TableTest {

  private static final Peer PROVIDER = new Peer("10.0.0.1", 29998, "a");
  private static final Peer ASKER = new Peer("10.0.0.2", 29998, "a");
  private static final Digest ONE = Simulation.digest(1);
  private static final Digest TWO = Simulation.digest(2);

  private Table table;

  @BeforeEach
  void thatKnowsOne() {
    Timers timers = new Timers(() -> 0, _ -> {});
    table = new Table(timers, Settings.DEFAULTS, new Demotions(timers));
    assertThat(table.announce(PROVIDER, message(7, 0, 1, true, List.of(ONE), List.of())))
        .isEqualTo(new Table.Applied(7, 1, false));
  }

  @Test
  void aLateOneChangesNothing() {
    // Given
    table.announce(PROVIDER, message(7, 1, 3, false, List.of(), List.of(ONE)));

    // When one that was sent before it arrives
    Table.Applied applied =
        table.announce(PROVIDER, message(7, 1, 2, false, List.of(ONE), List.of()));

    // Then
    assertThat(applied).isEqualTo(new Table.Applied(7, 3, false));
    assertThat(table.find(ONE, ASKER)).isEmpty();
  }

  @Test
  void aGapIsAskedFor() {
    // When changes come to a state that this home never had
    Table.Applied applied =
        table.announce(PROVIDER, message(7, 2, 3, false, List.of(TWO), List.of()));

    // Then
    assertThat(applied.resync()).isTrue();
    assertThat(table.find(TWO, ASKER)).isEmpty();
  }

  @Test
  void changesFromBeforeAFormerTryAreTaken() {
    // Given a try whose confirmation was lost
    table.announce(PROVIDER, message(7, 1, 2, false, List.of(TWO), List.of()));

    // When it is sent again, with what came meanwhile
    Table.Applied applied =
        table.announce(PROVIDER, message(7, 1, 3, false, List.of(TWO), List.of(ONE)));

    // Then
    assertThat(applied).isEqualTo(new Table.Applied(7, 3, false));
    assertThat(table.find(TWO, ASKER)).containsExactly(PROVIDER);
    assertThat(table.find(ONE, ASKER)).isEmpty();
  }

  @Test
  void aNewRunBeginsWithEverything() {
    // When changes come from a run that this home does not know
    assertThat(table.announce(PROVIDER, message(8, 0, 1, false, List.of(TWO), List.of())))
        .isEqualTo(new Table.Applied(7, 1, true));

    // Then what is known stays, until everything comes
    assertThat(table.find(ONE, ASKER)).containsExactly(PROVIDER);
    table.announce(PROVIDER, message(8, 0, 2, true, List.of(TWO), List.of()));
    assertThat(table.find(ONE, ASKER)).isEmpty();
    assertThat(table.find(TWO, ASKER)).containsExactly(PROVIDER);
  }

  @Test
  void everythingInTwoPartsLosesNothingInBetween() {
    // Given
    table.announce(PROVIDER, message(7, 1, 2, false, List.of(TWO), List.of()));

    // When the first part comes
    table.announce(
        PROVIDER,
        new Message.Announce(7, 2, 3, true, false, List.of(TWO), List.of(), List.of(), List.of()));

    // Then what it lacks stays until the last
    assertThat(table.find(ONE, ASKER)).containsExactly(PROVIDER);
    table.announce(PROVIDER, message(7, 3, 4, false, List.of(), List.of()));
    assertThat(table.find(ONE, ASKER)).isEmpty();
    assertThat(table.find(TWO, ASKER)).containsExactly(PROVIDER);
  }

  @Test
  void aLateOneOfANodeThatLeftChangesNothing() {
    // When
    table.left(PROVIDER, 7);
    table.announce(PROVIDER, message(7, 1, 2, true, List.of(ONE), List.of()));

    // Then
    assertThat(table.find(ONE, ASKER)).isEmpty();
  }

  private static Message.Announce message(
      long incarnation,
      long base,
      long sequence,
      boolean reset,
      List<Digest> held,
      List<Digest> withdrawn) {
    return new Message.Announce(
        incarnation, base, sequence, reset, true, held, withdrawn, List.of(), List.of());
  }
}
