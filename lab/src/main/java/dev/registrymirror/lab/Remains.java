package dev.registrymirror.lab;

import dev.registrymirror.lab.machine.Cgroups;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.Directories;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.machine.Network;
import dev.registrymirror.lab.machine.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * All that a lab has on the machine: a directory, processes, namespaces, two links, control groups,
 * and mounts. It is found again from the directory's name and what is written there, so a lab that
 * crashed is removed as one that ends.
 *
 * @param id the lab's number
 * @param directory {@code registry-mirror-lab-ID}
 */
record Remains(int id, Path directory) {

  private static final String DIRECTORY = "registry-mirror-lab-";
  private static final int MAX_LABS = 256;
  private static final String KEPT = "kept";
  private static final Path NAMESPACES = Path.of("/run/netns");
  private static final Path LINKS = Path.of("/sys/class/net");

  static Remains of(Path root, int id) {
    return new Remains(id, root.resolve(DIRECTORY + id));
  }

  /**
   * The first number that no lab has, with a directory that says which process it belongs to.
   *
   * @throws LabException where all are taken
   */
  static Remains claim(Path root, ProcessHandle owner) {
    try {
      Path claim = Workspace.unnamed(root, DIRECTORY, owner);
      try {
        for (int id = 0; id < MAX_LABS; id++) {
          Remains remains = of(root, id);
          if (!remains.isTaken() && remains.take(claim)) {
            return remains;
          }
        }
      } finally {
        // Renamed by now, unless all are taken or no namespace can be made.
        Directories.delete(claim);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new LabException("all " + MAX_LABS + " numbers of labs are taken; try make lab-down");
  }

  // Namespaces without a directory are those of a lab under another root.
  private boolean isTaken() {
    return Files.exists(directory) || !namespaces().isEmpty() || !links().isEmpty();
  }

  // Of two that rename a directory to this name one succeeds, and no lab is ever seen without its
  // owner. Between labs under different roots the namespace decides in the same way.
  private boolean take(Path claim) throws IOException {
    try {
      Files.move(claim, directory, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      if (Files.exists(directory)) {
        return false;
      }
      throw e;
    }
    try {
      Network.reserve(id);
      return true;
    } catch (LabException e) {
      Files.move(directory, claim, StandardCopyOption.ATOMIC_MOVE);
      if (namespaces().isEmpty()) {
        throw e;
      }
      return false;
    }
  }

  /** Of all labs that have a directory under {@code root}. */
  static List<Remains> in(Path root) {
    return Workspace.in(root, DIRECTORY).stream()
        .map(workspace -> workspace.directory().getFileName().toString())
        .map(name -> of(root, Integer.parseInt(name.substring(DIRECTORY.length()))))
        .sorted(Comparator.comparingInt(Remains::id))
        .toList();
  }

  /** Its directory, with whose it is and what it started. */
  Workspace workspace() {
    return new Workspace(directory);
  }

  /** Whether {@link LabUp} keeps it, for {@link LabDown} to end. */
  boolean isKept() {
    return Files.exists(directory.resolve(KEPT));
  }

  void keep() {
    try {
      Files.createFile(directory.resolve(KEPT));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends and deletes all of it. */
  void remove() {
    workspace().killAll();
    List<String> namespaces = namespaces();
    namespaces.forEach(Remains::killAllIn);
    // Links first: those into a namespace vanish with it, some time after the command has returned.
    links().forEach(link -> Command.run("ip", "link", "delete", link));
    namespaces.forEach(namespace -> Command.run("ip", "netns", "delete", namespace));
    Cgroups.remove(Network.prefix(id));
    mounts().forEach(mount -> Command.run("umount", "--lazy", mount));
    workspace().delete();
  }

  // The shims of containers outlive containerd, and are in no ledger.
  private static void killAllIn(String namespace) {
    Workspace.kill(
        Command.run("ip", "netns", "pids", namespace)
            .lines()
            .map(Long::parseLong)
            .flatMap(pid -> ProcessHandle.of(pid).stream())
            .toList());
  }

  private List<String> namespaces() {
    return named(NAMESPACES);
  }

  private List<String> links() {
    return named(LINKS);
  }

  private List<String> named(Path folder) {
    return Directories.list(folder).stream()
        .map(path -> path.getFileName().toString())
        .filter(name -> name.startsWith(Network.prefix(id)))
        .toList();
  }

  // The innermost first.
  private List<String> mounts() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/mounts"))) {
      List<String> mounts =
          new ArrayList<>(
              lines
                  .map(line -> line.split(" ", -1)[1])
                  .filter(mount -> mount.startsWith(directory + "/"))
                  .toList());
      return mounts.reversed();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
