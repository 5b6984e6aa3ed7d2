package dev.registrymirror.lab.tools;

import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.Directories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** containerd built from its Go modules. */
final class GoBuild {

  private static final Duration BOUND = Duration.ofMinutes(20);
  private static final List<String> COMMANDS =
      List.of("containerd", "ctr", "containerd-shim-runc-v2");

  // A wrapper module rather than `go install module@version`, which refuses modules that exclude
  // or replace others.
  private static final String MODULE_17 =
      """
      module registry-mirror/tools

      go 1.25.0

      require github.com/containerd/containerd v1.7.35

      // As in containerd's own go.mod: gone from its host, and needed by nobody.
      exclude github.com/mitchellh/osext v0.0.0-20151018003038-5e2d6d41470f
      """;

  private static final String MODULE_24 =
      """
      module registry-mirror/tools

      go 1.26.0

      require github.com/containerd/containerd/v2 v2.4.2
      """;

  private GoBuild() {}

  static boolean isPossible() {
    return go().isPresent();
  }

  private static Optional<Path> go() {
    return Command.find("go")
        .or(() -> Optional.of(Path.of("/usr/local/go/bin/go")).filter(Files::isExecutable));
  }

  /** Builds the commands of a release into {@code target}. */
  static void containerd(Containerd containerd, Path target) {
    System.out.printf("lab: building %s with Go, a minute or two…%n", containerd);
    try {
      Path module = Files.createTempDirectory("registry-mirror-go");
      try {
        boolean v2 = containerd == Containerd.V24;
        Files.writeString(module.resolve("go.mod"), v2 ? MODULE_24 : MODULE_17);
        build(module, "github.com/containerd/containerd" + (v2 ? "/v2" : ""), target);
      } finally {
        Directories.delete(module);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    System.out.printf("lab: %s is built%n", containerd);
  }

  private static void build(Path module, String source, Path target) {
    List<String> command = new ArrayList<>();
    command.add(go().orElseThrow().toString());
    command.addAll(List.of("build", "-trimpath", "-mod=mod", "-o", target + "/"));
    COMMANDS.forEach(name -> command.add(source + "/cmd/" + name));
    Command.run(BOUND, "", Map.of("CGO_ENABLED", "0"), module, command);
  }
}
