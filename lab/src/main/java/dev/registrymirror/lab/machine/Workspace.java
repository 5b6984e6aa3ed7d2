package dev.registrymirror.lab.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * The directory of something that a process of Java runs on this machine. It says which process
 * that is and what it started, so that what a crash has left is found by the directory's name and
 * removed as if it had ended.
 */
public record Workspace(Path directory) {

  /** What the names of control planes' directories begin with. */
  public static final String CONTROL_PLANE = "registry-mirror-api-";

  private static final String UNNAMED = "new-";
  private static final String OWNER = "owner";
  private static final int LOG_DEPTH = 2;
  private static final Duration END_BOUND = Duration.ofSeconds(30);

  /**
   * A directory of its own in {@code root}; its name begins with {@code prefix}.
   *
   * @param owner whose it is, while that process lives
   */
  public static Workspace make(Path root, String prefix, ProcessHandle owner) {
    try {
      Path unnamed = unnamed(root, prefix, owner);
      // Nobody sees it under a name that counts before it has an owner.
      String random = unnamed.getFileName().toString().substring((prefix + UNNAMED).length());
      Path directory = root.resolve(prefix + random);
      return new Workspace(Files.move(unnamed, directory, StandardCopyOption.ATOMIC_MOVE));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A directory that has an owner and waits to be renamed. */
  public static Path unnamed(Path root, String prefix, ProcessHandle owner) throws IOException {
    Path directory = Files.createTempDirectory(root, prefix + UNNAMED);
    new Ledger(directory.resolve(OWNER)).record(owner);
    return directory;
  }

  /** Those of this user in {@code root} whose name is {@code prefix} and a number. */
  public static List<Workspace> in(Path root, String prefix) {
    return Directories.list(root).stream()
        .filter(path -> path.getFileName().toString().matches(prefix + "\\d+"))
        .filter(Workspace::isOurs)
        .map(Workspace::new)
        .toList();
  }

  // The root may be open to everybody: what another user wrote there must not name processes to
  // kill.
  private static boolean isOurs(Path path) {
    try {
      return Files.getOwner(path, LinkOption.NOFOLLOW_LINKS)
          .getName()
          .equals(System.getProperty("user.name"));
    } catch (IOException gone) {
      return false;
    }
  }

  /** The processes that were started for it. */
  public Ledger processes() {
    return new Ledger(directory.resolve("processes"));
  }

  /** The process of Java that made it, while it lives. */
  public Ledger owner() {
    return new Ledger(directory.resolve(OWNER));
  }

  /**
   * Copies all logs, each under the name of its folder and its own, to where the system property
   * {@code lab.logs} says, if it does: a test that failed is understood from them.
   *
   * @param started tells these logs from those of another
   */
  public void keepLogs(Instant started) {
    String logs = System.getProperty("lab.logs");
    if (logs == null) {
      return;
    }
    Path to = Path.of(logs, started.toString().replace(':', '-'));
    try (Stream<Path> files = Files.walk(directory, LOG_DEPTH)) {
      Files.createDirectories(to);
      for (Path log : files.filter(file -> file.toString().endsWith(".log")).toList()) {
        String name = directory.relativize(log).toString().replace('/', '-');
        Files.copy(log, to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("copy logs to " + to, e);
    }
  }

  /** Ends its processes at once and not gently: nothing of what they would still write is kept. */
  public void killAll() {
    kill(processes().running());
  }

  /** Kills processes; returns when they have ended. */
  // Not onExit(), which looks after those that are no children of this process ever more seldom.
  public static void kill(List<ProcessHandle> processes) {
    processes.forEach(ProcessHandle::destroyForcibly);
    Await.until(
        "killed processes have ended",
        END_BOUND,
        () -> processes.stream().noneMatch(ProcessHandle::isAlive));
  }

  /** Deletes the directory. */
  public void delete() {
    try {
      Directories.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("delete " + directory, e);
    }
  }
}
