package dev.registrymirror.lab.machine;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A command of the machine, run to its end with a bound. */
public final class Command {

  private static final Duration DEFAULT_BOUND = Duration.ofSeconds(60);

  /** Where administrators' commands lie, which an ordinary user's PATH leaves out. */
  private static final List<String> ALWAYS_SEARCHED =
      List.of("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin");

  private Command() {}

  /**
   * What the command wrote.
   *
   * @throws LabException where it fails or takes longer than 60 s, with what it wrote
   */
  public static String run(String... command) {
    return run(DEFAULT_BOUND, "", List.of(command));
  }

  /** The same with a bound of its own and {@code input} on its standard input. */
  public static String run(Duration bound, String input, List<String> command) {
    return run(bound, input, Map.of(), Path.of("/"), command);
  }

  /** The same in a directory, with variables added to the environment. */
  public static String run(
      Duration bound,
      String input,
      Map<String, String> environment,
      Path directory,
      List<String> command) {
    return run(bound, input, environment, directory, command, false);
  }

  /**
   * What the command wrote to its standard output alone.
   *
   * @throws LabException where it fails or takes longer than that, with all that it wrote
   */
  public static String output(
      Duration bound, String input, Map<String, String> environment, List<String> command) {
    return run(bound, input, environment, Path.of("/"), command, true);
  }

  private static String run(
      Duration bound,
      String input,
      Map<String, String> environment,
      Path directory,
      List<String> command,
      boolean errorsApart) {
    String line = String.join(" ", command);
    Path output = null;
    Path errors = null;
    try {
      output = Files.createTempFile("registry-mirror-lab-command", ".out");
      if (errorsApart) {
        errors = Files.createTempFile("registry-mirror-lab-command", ".err");
      }
      Process process = start(environment, directory, output, errors, command);
      try (var standardInput = process.outputWriter(StandardCharsets.UTF_8)) {
        standardInput.write(input);
      }
      if (!process.waitFor(bound.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw new LabException(line + ": not done after " + bound.toSeconds() + " s");
      }
      String written = Files.readString(output);
      if (process.exitValue() != 0) {
        throw new LabException(
            line + ": exit " + process.exitValue() + ": " + tail(written + read(errors)));
      }
      return written;
    } catch (IOException e) {
      throw new LabException(line + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException(line + ": interrupted", e);
    } finally {
      deleteQuietly(output);
      deleteQuietly(errors);
    }
  }

  // A file rather than a pipe: a daemon that inherits a pipe would keep the reader waiting.
  private static Process start(
      Map<String, String> environment,
      Path directory,
      Path output,
      Path errors,
      List<String> command)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(errors == null)
            .redirectOutput(output.toFile());
    if (errors != null) {
      builder.redirectError(errors.toFile());
    }
    builder.environment().putAll(environment);
    builder.environment().merge("PATH", String.join(":", ALWAYS_SEARCHED), (a, b) -> a + ":" + b);
    return builder.start();
  }

  /** The executable of that name in PATH or where administrators' commands lie. */
  public static Optional<Path> find(String name) {
    String path = System.getenv().getOrDefault("PATH", "");
    return Stream.concat(Stream.of(path.split(File.pathSeparator)), ALWAYS_SEARCHED.stream())
        .filter(directory -> !directory.isEmpty())
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** The last 20 lines. */
  static String tail(String text) {
    List<String> lines = text.lines().toList();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
  }

  private static String read(Path file) throws IOException {
    return file == null ? "" : Files.readString(file);
  }

  private static void deleteQuietly(Path file) {
    if (file != null) {
      file.toFile().delete();
    }
  }
}
