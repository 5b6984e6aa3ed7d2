package dev.registrymirror.agent.pull;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Repository;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class WaitBudgetTest {

  private static final Repository APP = new Repository("docker.io", "library/app");

  private long nanoTime = Long.MAX_VALUE - 1; // Overflows, as System.nanoTime() may.
  private final WaitBudget budget = new WaitBudget(Duration.ofSeconds(3), () -> nanoTime);

  private void pass(int seconds) {
    nanoTime += Duration.ofSeconds(seconds).toNanos();
  }

  private Duration remaining() {
    return budget.remaining(APP);
  }

  @Test
  void whoComesWhileOthersWaitGetsWhatTheyLeave() {
    // Given a request that waits
    WaitBudget.Wait first = budget.begin(APP);
    pass(2);

    // When another comes
    WaitBudget.Wait second = budget.begin(APP);

    // Then together they wait no longer than one alone
    assertThat(second.remaining()).isEqualTo(Duration.ofSeconds(1));
    pass(1);
    first.inVain();
    assertThat(second.remaining()).isZero();
  }

  @Test
  void whatSeveralWaitAtOnceIsSpentOnce() {
    WaitBudget.Wait first = budget.begin(APP);
    WaitBudget.Wait second = budget.begin(APP);
    pass(1);
    first.inVain();
    second.inVain();
    second.inVain();

    assertThat(remaining()).isEqualTo(Duration.ofSeconds(2));
  }

  @Test
  void waitsOneAfterTheOtherAddUp() {
    for (int i = 0; i < 2; i++) {
      WaitBudget.Wait wait = budget.begin(APP);
      pass(1);
      wait.inVain();
      pass(20);
    }

    assertThat(remaining()).isEqualTo(Duration.ofSeconds(1));
    assertThat(budget.remaining(new Repository("docker.io", "b"))).isEqualTo(Duration.ofSeconds(3));
  }

  @Test
  void aWaitThatWasNotInVainIsNotSpent() {
    WaitBudget.Wait wait = budget.begin(APP);
    pass(2);
    wait.over();
    wait.inVain();

    assertThat(remaining()).isEqualTo(Duration.ofSeconds(3));
  }

  @Test
  void afterAWhileThePullIsAnother() {
    WaitBudget.Wait wait = budget.begin(APP);
    pass(3);
    wait.inVain();
    assertThat(remaining()).isZero();

    pass(31);

    assertThat(remaining()).isEqualTo(Duration.ofSeconds(3));
    assertThat(budget.begin(APP).remaining()).isEqualTo(Duration.ofSeconds(3));
  }
}
