package dev.registrymirror.lab;

import dev.registrymirror.lab.demo.LabStage;
import dev.registrymirror.lab.demo.Stage;
import dev.registrymirror.lab.demo.Story;
import dev.registrymirror.lab.machine.LabException;
import java.io.Console;

/**
 * Shows what the mirror does, on this machine and in a minute: exit code 0 where all bytes came
 * from where they should, else 1.
 */
public final class Demo {

  private static final String TRY_NEXT =
      """

      Try next:
        make lab-up    nodes to play with: what upstream was asked, the agents' pages and metrics
        make test      all tests, with peers that die, stall and lie in the middle of a pull
        agent/target/mirror-agent/bin/mirror-agent doctor
                       what stands in the way of sharing on a node of your own\
      """;

  private Demo() {}

  /** Whether a person looks on. JDK 25 gives no console at all where there is no terminal. */
  @SuppressWarnings("SystemConsoleNull") // Error Prone knows JDK 22 to 24, which gave one.
  private static boolean isTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  /** No arguments. */
  public static void main(String[] args) {
    System.out.println();
    boolean terminal = isTerminal();
    boolean isGood;
    try (Stage stage = LabStage.open()) {
      isGood = new Story(terminal).play(stage);
    } catch (LabException e) {
      System.out.println();
      System.out.println("The demo failed: " + e.getMessage());
      System.exit(1);
      return;
    }
    System.out.println(TRY_NEXT);
    System.exit(isGood ? 0 : 1);
  }
}
