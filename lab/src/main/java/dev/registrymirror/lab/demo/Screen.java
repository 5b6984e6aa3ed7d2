package dev.registrymirror.lab.demo;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;

/**
 * Text for people: whole lines, and some lines that change while something is under way. Where the
 * output is no terminal, the changing lines are written now and then, each time whole.
 */
final class Screen {

  private static final Duration BETWEEN_PLAIN_LINES = Duration.ofSeconds(2);

  /** Up one line; erase to the line's, to the screen's end (ECMA-48, as all terminals know). */
  private static final String UP = "\u001b[A";

  private static final String ERASE_LINE = "\u001b[K";
  private static final String ERASE_BELOW = "\u001b[J";

  private final PrintStream out;
  private final boolean terminal;
  private int shown;
  private long lastPlainLine = System.nanoTime();

  Screen(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  void line(String text) {
    if (shown > 0) {
      out.print(toTop() + ERASE_BELOW);
      shown = 0;
    }
    out.println(text);
    out.flush();
    lastPlainLine = System.nanoTime();
  }

  /** What goes on now; the next call, or the next line, takes its place. */
  void now(List<String> lines) {
    if (terminal) {
      out.print(toTop() + String.join(ERASE_LINE + "\n", lines) + ERASE_LINE);
      out.flush();
      shown = lines.size();
    } else if (System.nanoTime() - lastPlainLine >= BETWEEN_PLAIN_LINES.toNanos()) {
      lines.forEach(this::line);
    }
  }

  private String toTop() {
    return "\r" + UP.repeat(Math.max(0, shown - 1));
  }
}
