package dev.registrymirror.agent.cli;

/** Wrong use of the command. Its message is one line: what, where, and how to mend it. */
public final class Misuse extends Exception {
  public Misuse(String message) {
    super(message, null, false, false);
  }
}
