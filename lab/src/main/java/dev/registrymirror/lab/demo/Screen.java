package dev.registrymirror.lab.demo;

import java.io.PrintStream;
import java.time.Duration;

/**
 * Text for people: whole lines, and one line that changes while something is under way. Where the
 * output is no terminal, the changing line is written now and then, each time whole.
 */
final class Screen {

  private static final Duration BETWEEN_PLAIN_LINES = Duration.ofSeconds(2);

  private final PrintStream out;
  private final boolean terminal;
  private int shown;
  private long lastPlainLine = System.nanoTime();

  Screen(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  void line(String text) {
    clear();
    out.println(text);
    out.flush();
    lastPlainLine = System.nanoTime();
  }

  /** What goes on now; the next call, or the next line, takes its place. */
  void now(String text) {
    if (terminal) {
      out.print("\r" + text + " ".repeat(Math.max(0, shown - text.length())));
      out.flush();
      shown = text.length();
    } else if (System.nanoTime() - lastPlainLine >= BETWEEN_PLAIN_LINES.toNanos()) {
      line(text);
    }
  }

  private void clear() {
    if (shown > 0) {
      out.print("\r" + " ".repeat(shown) + "\r");
      shown = 0;
    }
  }
}
