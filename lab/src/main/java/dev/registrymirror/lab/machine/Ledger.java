package dev.registrymirror.lab.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The processes that a lab started, one file each, so that another process can end them after a
 * crash. Each is recorded with its start time: a process id alone may since belong to another.
 */
public final class Ledger {

  private final Path directory;

  /** The ledger in {@code directory}, which is made if need be. */
  public Ledger(Path directory) {
    this.directory = directory;
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Remembers a process; one that has ended already needs no remembering. */
  public void record(ProcessHandle process) {
    try {
      Path file = directory.resolve(Long.toString(process.pid()));
      Optional<Instant> start = process.info().startInstant();
      if (start.isPresent()) {
        Files.writeString(file, Long.toString(start.get().toEpochMilli()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Those recorded that still run. */
  public List<ProcessHandle> running() {
    List<ProcessHandle> running = new ArrayList<>();
    try (var files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        find(file).ifPresent(running::add);
      }
      return running;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<ProcessHandle> find(Path file) throws IOException {
    String start = Files.readString(file).strip();
    return ProcessHandle.of(Long.parseLong(file.getFileName().toString()))
        .filter(
            process ->
                process
                    .info()
                    .startInstant()
                    .map(instant -> Long.toString(instant.toEpochMilli()))
                    .filter(start::equals)
                    .isPresent());
  }
}
