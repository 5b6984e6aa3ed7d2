import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * {@code JavaRuntime.java <folder> <module>,<module>}: puts into the folder a Java runtime of these
 * modules and those that they need. Made again only when what it is made of has changed.
 */
final class JavaRuntime {
  private JavaRuntime() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    link(Path.of(args[0]), List.of(args[1].split(",")));
  }

  /** Of the JDK that this runs on. */
  static void link(Path runtime, List<String> modules) throws IOException, InterruptedException {
    link(runtime, modules, Optional.empty());
  }

  /**
   * @param jdk whose modules are taken: one of this release for another machine; empty: the JDK
   *     that this runs on
   */
  static void link(Path runtime, List<String> modules, Optional<Path> jdk)
      throws IOException, InterruptedException {
    String made =
        Runtime.version()
            + jdk.map(path -> " " + path).orElse("")
            + " "
            + String.join(",", modules);
    Path stamp = runtime.resolve("made-of");
    if (Files.exists(stamp) && Files.readString(stamp).equals(made)) {
      return;
    }
    delete(runtime);
    Path jlink = Path.of(System.getProperty("java.home"), "bin", "jlink");
    if (!Files.exists(jlink)) {
      throw new IllegalStateException("this JDK has no jlink: install a whole one");
    }
    // In a process of its own it makes the same each time; in this one it does not.
    List<String> command =
        new ArrayList<>(
            List.of(
                jlink.toString(),
                "--add-modules=" + String.join(",", modules),
                "--output=" + runtime,
                "--strip-java-debug-attributes",
                "--no-header-files",
                "--no-man-pages"));
    jdk.ifPresent(path -> command.add("--module-path=" + path.resolve("jmods")));
    int code = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (code != 0) {
      throw new IllegalStateException("jlink failed: " + code);
    }
    Files.writeString(stamp, made);
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).forEach(JavaRuntime::deleteFile);
    }
  }

  private static void deleteFile(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
