package dev.registrymirror.lab;

import dev.registrymirror.lab.demo.EmbeddedStage;
import dev.registrymirror.lab.demo.LabStage;
import dev.registrymirror.lab.demo.Stage;
import dev.registrymirror.lab.demo.Story;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.Tools;
import java.io.Console;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Shows what the mirror does, on this machine and in a minute: exit code 0 where all bytes came
 * from where they should, else 1.
 */
public final class Demo {

  private static final String TRY_NEXT =
      """

      Try next:
        make lab-up    nodes to play with, an image to pull, the agents' pages and metrics
        make test      all tests, with peers that die, stall and lie in the middle of a pull
        agent/target/mirror-agent/bin/mirror-agent doctor
                       what stands in the way of sharing on a node of your own\
      """;

  private Demo() {}

  /** No arguments. */
  public static void main(String[] args) {
    AtomicBoolean isInterrupted = new AtomicBoolean();
    Thread onInterrupt =
        new Thread(
            () -> {
              isInterrupted.set(true);
              System.out.printf("%n%nInterrupted: ending all that was started.%n");
            });
    Runtime.getRuntime().addShutdownHook(onInterrupt);
    boolean isGood = false;
    System.out.println();
    try (Stage stage = stage()) {
      isGood = new Story(System.out, isTerminal(), Story.IMAGE).play(stage);
      System.out.println(TRY_NEXT);
    } catch (RuntimeException e) {
      if (!isInterrupted.get()) {
        System.out.printf(
            "%n%nThe demo failed: %s%n", e instanceof LabException ? e.getMessage() : e);
      }
    }
    if (!isInterrupted.get()) {
      Runtime.getRuntime().removeShutdownHook(onInterrupt);
      System.exit(isGood ? 0 : 1);
    }
  }

  // JDK 25 gives no console at all where the input or the output is no terminal, such as in CI.
  private static boolean isTerminal() {
    return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
  }

  // A container may have root and yet no right to make a namespace; that shows in the trying.
  private static Stage stage() {
    String obstacle = Tools.obstacle();
    if (!obstacle.isEmpty()) {
      return EmbeddedStage.open(obstacle);
    }
    try {
      return LabStage.open();
    } catch (LabException e) {
      return EmbeddedStage.open("fails here: " + e.getMessage().lines().findFirst().orElse(""));
    }
  }
}
