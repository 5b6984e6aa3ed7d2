package dev.registrymirror.agent;

/** The command {@code mirror-agent}. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {}
}
