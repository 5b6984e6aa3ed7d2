package dev.registrymirror.operator.certificates;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class PullCredentialTest {

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration OVERLAP = PeerIdentity.OVERLAP;

  @Test
  void newOneIsAcceptedBeforeItIsWrittenAndTheOldOneAfter() {
    // Given
    PullCredential first = PullCredential.create(START);
    String old = first.lines().getFirst();
    Instant due = START.plus(PullCredential.VALID);
    assertThat(first.next(due.minusSeconds(1))).isSameAs(first);

    // When
    PullCredential accepted = first.next(due);
    PullCredential written = accepted.next(due.plus(OVERLAP));
    PullCredential alone = written.next(due.plus(OVERLAP.multipliedBy(2)));

    // Then
    String fresh = accepted.lines().getLast();
    assertThat(accepted.lines()).containsExactly(old, fresh);
    assertThat(accepted.next(due.plus(OVERLAP).minusSeconds(1))).isSameAs(accepted);
    assertThat(written.lines()).containsExactly(fresh, old);
    assertThat(written.next(due.plus(OVERLAP.multipliedBy(2)).minusSeconds(1))).isSameAs(written);
    assertThat(alone.lines()).containsExactly(fresh);
    assertThat(alone.next(due.plus(OVERLAP.multipliedBy(3)))).isSameAs(alone);
  }

  @Test
  void survivesItsSecret() {
    PullCredential credential = PullCredential.create(START).next(START.plus(PullCredential.VALID));

    assertThat(
            PullCredential.parse(
                credential.file(), credential.changed().toString(), credential.since().toString()))
        .contains(credential);
    assertThat(PullCredential.parse("", "", "")).isEmpty();
  }
}
