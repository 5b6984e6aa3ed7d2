import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/**
 * {@code Distribution.java <folder>}: puts into the agent's folder, where {@code bin} and {@code
 * lib} are already, a Java runtime of the modules that it needs, and an AOT cache (JEP 483, 514) of
 * what it loads in a short real use. Each is made again only when what it is made of has changed.
 *
 * <p>A program of its own, because the runtime must come from the JDK 25 that it runs on, and
 * Maven's may be an older one.
 */
final class Distribution {
  private Distribution() {}

  /** What the agent and its libraries use, as jdeps tells, less what they only look for. */
  private static final List<String> MODULES =
      List.of(
          "java.base",
          "java.logging",
          "java.management",
          "java.naming",
          "java.net.http",
          // cleanup --hold.
          "jdk.httpserver",
          // Netty and protobuf: Unsafe.
          "jdk.unsupported");

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]).toAbsolutePath();
    link(folder.resolve("runtime"));
    new Training(folder, folder.resolve("lib/mirror-agent.aot"), false).train();
    new Training(folder, folder.resolve("lib/mirror-agent-tls.aot"), true).train();
  }

  private static void link(Path runtime) throws IOException {
    String made = Runtime.version() + " " + String.join(",", MODULES);
    Path stamp = runtime.resolve("made-of");
    if (Files.exists(stamp) && Files.readString(stamp).equals(made)) {
      return;
    }
    delete(runtime);
    ToolProvider jlink =
        ToolProvider.findFirst("jlink")
            .orElseThrow(
                () -> new IllegalStateException("this JDK has no jlink: install a whole one"));
    int code =
        jlink.run(
            System.out,
            System.err,
            "--add-modules=" + String.join(",", MODULES),
            "--output=" + runtime,
            "--strip-java-debug-attributes",
            "--no-header-files",
            "--no-man-pages");
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
      files.sorted(Comparator.reverseOrder()).forEach(Distribution::deleteFile);
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
