import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * {@code Launcher.java <file> <class path>}: writes a script that runs a command of the lab, its
 * class and arguments, on the JDK that this runs on.
 *
 * <p>So a command has the terminal, its signals and its exit code to itself, and Maven is gone by
 * then.
 */
final class Launcher {
  private Launcher() {}

  /** Netty's native part, and protobuf's lite runtime; without these Java warns of both. */
  private static final List<String> OPTIONS =
      List.of(
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "-Dstdout.encoding=UTF-8",
          "-Dstderr.encoding=UTF-8");

  public static void main(String[] args) throws IOException {
    Path script = Path.of(args[0]);
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Files.writeString(
        script,
        """
        #!/bin/sh
        exec %s %s -classpath %s "$@"
        """
            .formatted(quoted(java), String.join(" ", OPTIONS), quoted(args[1])));
    if (!script.toFile().setExecutable(true, false)) {
      throw new IOException("cannot be made executable: " + script);
    }
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }
}
