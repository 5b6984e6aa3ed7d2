package dev.registrymirror.lab.tools;

import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.Directories;
import dev.registrymirror.lab.machine.LabException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Commands built from their Go modules.
 *
 * <p>Through a wrapper module rather than by {@code go install module@version}, which refuses
 * modules that exclude or replace others.
 *
 * @param what is built, and its release: {@code etcd 3.7.3}
 * @param module the wrapper's directives: {@code require}, {@code exclude}, {@code replace}
 * @param packages of the commands
 * @param linkerFlags as {@code go build -ldflags} has them
 */
record GoBuild(String what, String module, List<String> packages, String linkerFlags) {

  private static final Duration BOUND = Duration.ofMinutes(20);

  static boolean isPossible() {
    return go().isPresent();
  }

  private static Optional<Path> go() {
    return Command.find("go")
        .or(() -> Optional.of(Path.of("/usr/local/go/bin/go")).filter(Files::isExecutable));
  }

  /** Its name in the cache of tools. */
  String entry() {
    return what.replace(' ', '-');
  }

  /** Builds the commands into {@code target}, each under the last name of its package. */
  void into(Path target) {
    System.out.printf("lab: building %s with Go, some minutes the first time…%n", what);
    long start = System.nanoTime();
    try {
      Path wrapper = Files.createTempDirectory("registry-mirror-go");
      try {
        Files.writeString(
            wrapper.resolve("go.mod"), "module registry-mirror/tools\n\ngo 1.26.0\n\n" + module);
        List<String> arguments = new ArrayList<>();
        arguments.addAll(List.of("build", "-trimpath", "-mod=mod", "-ldflags", linkerFlags));
        arguments.addAll(List.of("-o", target + "/"));
        arguments.addAll(packages);
        go(wrapper, arguments);
      } finally {
        Directories.delete(wrapper);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    System.out.printf(
        "lab: %s is built after %d s%n",
        what, Duration.ofNanos(System.nanoTime() - start).toSeconds());
  }

  /** The text of a module's own go.mod. */
  static String modFile(String moduleAtVersion) {
    try {
      return Files.readString(downloaded(moduleAtVersion, "GoMod"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The directory of a module's source, which is not to be changed. */
  static Path source(String moduleAtVersion) {
    go(Path.of("/"), List.of("mod", "download", moduleAtVersion));
    return downloaded(moduleAtVersion, "Dir");
  }

  private static Path downloaded(String moduleAtVersion, String field) {
    String path =
        go(Path.of("/"), List.of("list", "-m", "-f", "{{." + field + "}}", moduleAtVersion))
            .strip();
    if (path.isEmpty()) {
      throw new LabException("go downloads no " + moduleAtVersion + ": is its cache writable?");
    }
    return Path.of(path);
  }

  private static String go(Path directory, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(go().orElseThrow().toString());
    command.addAll(arguments);
    return Command.run(BOUND, "", Map.of("CGO_ENABLED", "0"), directory, command);
  }
}
