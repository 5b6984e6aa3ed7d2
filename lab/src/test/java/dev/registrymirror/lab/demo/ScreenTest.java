package dev.registrymirror.lab.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScreenTest {

  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(written, true, StandardCharsets.UTF_8);

  @Test
  void redrawsWhatChangesOnATerminal() {
    Screen screen = new Screen(out, true);

    screen.now(List.of("n1 10", "n2 10"));
    screen.now(List.of("n1 20", "n2 20"));
    screen.line("done");

    assertThat(text())
        .isEqualTo(
            "\rn1 10\u001b[K\nn2 10\u001b[K"
                + "\r\u001b[An1 20\u001b[K\nn2 20\u001b[K"
                + "\r\u001b[A\u001b[Jdone\n");
  }

  @Test
  void writesNoControlCharactersElsewhere() {
    Screen screen = new Screen(out, false);

    screen.now(List.of("n1 10", "n2 10"));
    screen.line("done");

    assertThat(text()).isEqualTo("done\n");
  }

  private String text() {
    return written.toString(StandardCharsets.UTF_8);
  }
}
