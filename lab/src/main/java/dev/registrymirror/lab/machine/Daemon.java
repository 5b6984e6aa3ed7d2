package dev.registrymirror.lab.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** A process of the lab that runs until it is told to end: containerd, a mirror, the registry. */
public final class Daemon {

  private static final Duration START_BOUND = Duration.ofSeconds(30);
  private static final Duration END_BOUND = Duration.ofSeconds(30);

  private final String name;
  private final Path log;
  private final Process process;

  private Daemon(String name, Path log, Process process) {
    this.name = name;
    this.log = log;
    this.process = process;
  }

  /**
   * Starts {@code command}; its output is added to {@code log}.
   *
   * <p>The machine's proxy settings are kept from it: inside a lab there is no proxy to reach.
   *
   * @throws LabException where there is no such command
   */
  public static Daemon start(
      String name, Ledger ledger, Path log, Map<String, String> environment, List<String> command) {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().keySet().removeIf(key -> key.matches("(?i).*_proxy"));
    builder.environment().putAll(environment);
    try {
      Process process = builder.start();
      ledger.record(process.toHandle());
      return new Daemon(name, log, process);
    } catch (IOException e) {
      throw new LabException(name + ": " + e.getMessage(), e);
    }
  }

  /** {@code command} as it runs in a network namespace, with mounts and a /run of its own. */
  // Mounts of its own: what containerd mounts to unpack a layer goes when it goes. A /run of its
  // own: containerd makes /run/containerd whatever its configuration says, and its NRI has one
  // socket there for all. nsenter, not `ip netns exec`, which hides the cgroups.
  public static List<String> inside(String namespace, List<String> command) {
    List<String> entered = new ArrayList<>();
    entered.addAll(List.of("nsenter", "--net=/run/netns/" + namespace));
    entered.addAll(List.of("unshare", "--mount", "--propagation", "slave"));
    entered.addAll(List.of("sh", "-c", "mount -t tmpfs lab /run && exec \"$@\"", "sh"));
    entered.addAll(command);
    return entered;
  }

  public String name() {
    return name;
  }

  /** Where its output goes. */
  public Path log() {
    return log;
  }

  /** The last 20 lines of its output. */
  public String lastLines() {
    try {
      return Command.tail(Files.readString(log));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** Its exit code; 128 and the signal's number where a signal ended it. */
  public int exitCode() {
    return process.exitValue();
  }

  /**
   * Returns as soon as {@code ready} holds.
   *
   * @throws LabException where it does not within 30 s, or the process ends first; saying the end
   *     of its log
   */
  public void awaitReady(BooleanSupplier ready) {
    Await.until(
        name + " is ready; its log is " + log,
        START_BOUND,
        () -> {
          if (!isAlive()) {
            throw new LabException(name + " ended:\n" + lastLines());
          }
          return ready.getAsBoolean();
        });
  }

  /** Resident memory in bytes (VmRSS of proc(5)). */
  public long residentBytes() {
    try {
      return Files.readAllLines(Path.of("/proc/" + pid() + "/status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** SIGSTOP: alive, its connections open, and silent. */
  public void stall() {
    Command.run("kill", "-STOP", Long.toString(pid()));
  }

  /** SIGCONT: the end of {@link #stall()}. */
  public void resume() {
    Command.run("kill", "-CONT", Long.toString(pid()));
  }

  /**
   * SIGTERM; returns when it has ended.
   *
   * @throws LabException where it has not within 30 s
   */
  public void terminate() {
    process.destroy();
    awaitEnd();
  }

  /** SIGTERM, and does not wait. */
  public void askToEnd() {
    process.destroy();
  }

  /** SIGKILL; returns when it has ended. */
  public void kill() {
    process.destroyForcibly();
    awaitEnd();
  }

  /** The processes that it started itself and that run. */
  public Stream<ProcessHandle> children() {
    return process.children();
  }

  /**
   * Returns when it has ended.
   *
   * @throws LabException where it has not within 30 s
   */
  public void awaitEnd() {
    try {
      if (!process.waitFor(END_BOUND.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new LabException(name + " still runs " + END_BOUND.toSeconds() + " s after a signal");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted", e);
    }
  }
}
