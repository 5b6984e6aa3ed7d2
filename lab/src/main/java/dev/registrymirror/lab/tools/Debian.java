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
import java.util.stream.Stream;

/** Debian's packages, through the machine's own apt. */
final class Debian {

  private static final Duration BOUND = Duration.ofMinutes(10);
  private static final Map<String, String> ENVIRONMENT =
      Map.of("DEBIAN_FRONTEND", "noninteractive", "LC_ALL", "C");

  private Debian() {}

  static boolean isHere() {
    return Command.find("apt-get").isPresent() && Command.find("dpkg-deb").isPresent();
  }

  /** Installs packages that bring commands and no service; upgrades nothing. */
  static void install(List<String> packages) {
    System.out.println("lab: installing from Debian: " + String.join(" ", packages));
    List<String> install = new ArrayList<>();
    install.addAll(List.of("apt-get", "install", "-y"));
    install.addAll(List.of("--no-install-recommends", "--no-upgrade"));
    install.addAll(packages);
    withFreshLists(Path.of("/"), install);
  }

  /**
   * Unpacks a package into {@code target} without installing it: its service does not start, and
   * what is installed, such as Docker's containerd, stays as it is.
   */
  static void unpack(String name, Path target) {
    System.out.println("lab: unpacking Debian's " + name + " into the cache of tools");
    try {
      Path download = Files.createTempDirectory("registry-mirror-debian");
      try {
        withFreshLists(download, List.of("apt-get", "download", name));
        run(download, List.of("dpkg-deb", "--extract", onlyFile(download), target.toString()));
      } finally {
        Directories.delete(download);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The version that would be had, or empty. */
  static String version(String name) {
    return run(Path.of("/"), List.of("apt-cache", "policy", name))
        .lines()
        .map(String::strip)
        .filter(line -> line.startsWith("Candidate:"))
        .map(line -> line.substring("Candidate:".length()).strip())
        .findFirst()
        .orElse("");
  }

  private static String onlyFile(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.findFirst().orElseThrow().toString();
    }
  }

  private static void withFreshLists(Path directory, List<String> command) {
    try {
      run(directory, command);
    } catch (LabException listsTooOld) {
      System.out.println("lab: apt-get update first");
      run(directory, List.of("apt-get", "update"));
      run(directory, command);
    }
  }

  private static String run(Path directory, List<String> command) {
    return Command.run(BOUND, "", ENVIRONMENT, directory, command);
  }
}
