package dev.registrymirror.lab.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Control groups of the machine, of version 1 or 2. */
public final class Cgroups {

  private static final Path ROOT = Path.of("/sys/fs/cgroup");
  private static final Duration END_BOUND = Duration.ofSeconds(10);
  // In version 1 a cpuset has no processor before it is told which.
  private static final List<String> CPUSET = List.of("cpuset.cpus", "cpuset.mems");

  private Cgroups() {}

  /** Makes a group of that name at the top of every hierarchy; one that is there is well. */
  public static void make(String name) {
    try {
      for (Path hierarchy : hierarchies()) {
        Path group = Files.createDirectories(hierarchy.resolve(name));
        for (String setting : CPUSET) {
          if (Files.exists(hierarchy.resolve(setting))) {
            Files.writeString(group.resolve(setting), Files.readString(hierarchy.resolve(setting)));
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The groups at the top whose name begins so. */
  public static List<Path> named(String prefix) {
    return hierarchies().stream()
        .flatMap(hierarchy -> Directories.list(hierarchy).stream())
        .filter(group -> group.getFileName().toString().startsWith(prefix))
        .toList();
  }

  /** Removes those groups with all in them, once the last processes have left. */
  public static void remove(String prefix) {
    Await.until(
        "nothing runs in the control groups " + prefix + "*",
        END_BOUND,
        () -> named(prefix).stream().allMatch(Cgroups::removeOne));
  }

  // Only directories go, and they do with their files.
  private static boolean removeOne(Path group) {
    try (Stream<Path> all = Files.walk(group)) {
      List<Path> innermostFirst =
          all.filter(Files::isDirectory).sorted(Comparator.reverseOrder()).toList();
      for (Path each : innermostFirst) {
        Files.delete(each);
      }
      return true;
    } catch (IOException | UncheckedIOException stillInUse) {
      return false;
    }
  }

  private static List<Path> hierarchies() {
    return Stream.concat(Stream.of(ROOT), Directories.list(ROOT).stream())
        .filter(directory -> Files.exists(directory.resolve("cgroup.procs")))
        // Of version 2 alone the root is the one hierarchy, and what is in it are groups.
        .filter(directory -> directory.equals(ROOT) || !Files.exists(ROOT.resolve("cgroup.procs")))
        .toList();
  }
}
