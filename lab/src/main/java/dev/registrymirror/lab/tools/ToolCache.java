package dev.registrymirror.lab.tools;

import dev.registrymirror.lab.machine.Directories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Directories of tools, each made once.
 *
 * <p>An entry appears whole, by renaming, or not at all. One is made at a time, of all threads and
 * processes.
 */
final class ToolCache {

  // A lock of a file is held by the whole process: threads exclude each other by this one.
  private static final Object IN_THIS_PROCESS = new Object();

  private final Path root;

  ToolCache(Path root) {
    this.root = root;
  }

  static ToolCache atDefault() {
    String override = System.getenv("REGISTRY_MIRROR_TOOLS");
    if (override != null && !override.isEmpty()) {
      return new ToolCache(Path.of(override));
    }
    Path caches =
        Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
            .filter(home -> !home.isEmpty())
            .map(Path::of)
            .orElse(Path.of(System.getProperty("user.home"), ".cache"));
    return new ToolCache(caches.resolve("registry-mirror/tools"));
  }

  boolean has(String entry) {
    return Files.isDirectory(root.resolve(entry));
  }

  /** The entry; {@code builder} fills a directory that becomes it where it is not there yet. */
  Path get(String entry, Consumer<Path> builder) {
    Path directory = root.resolve(entry);
    if (!has(entry)) {
      locked(() -> build(entry, directory, builder));
    }
    return directory;
  }

  private void build(String entry, Path directory, Consumer<Path> builder) {
    if (has(entry)) {
      return;
    }
    try {
      Path unfinished = Files.createTempDirectory(root, "unfinished-" + entry + "-");
      try {
        builder.accept(unfinished);
        Files.move(unfinished, directory, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Directories.delete(unfinished);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Does {@code work} while no other thread or process that asks for this does. */
  void locked(Runnable work) {
    synchronized (IN_THIS_PROCESS) {
      try {
        Files.createDirectories(root);
        Path lock = root.resolve("lock");
        try (FileChannel channel =
                FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            var held = channel.lock()) {
          assert held.isValid();
          work.run();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
