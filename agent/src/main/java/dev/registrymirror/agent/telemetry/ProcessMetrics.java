package dev.registrymirror.agent.telemetry;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Unit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;

/**
 * What every process shows, under the names that the Prometheus clients share. Read when scraped
 * and without {@code java.management}, whose beans alone would cost the agent a MiB.
 *
 * <p>Where there is no {@code /proc}, what it would tell is left out.
 */
final class ProcessMetrics {

  private static final Path PROC = Path.of("/proc/self");

  private ProcessMetrics() {}

  static void register(PrometheusRegistry prometheus) {
    Instant start = ProcessHandle.current().info().startInstant().orElseGet(Instant::now);
    gauge(
        prometheus,
        "process_start_time_seconds",
        "Start of the process, in seconds since 1970.",
        () -> start.toEpochMilli() / 1e3);
    CounterWithCallback.builder()
        .name("process_cpu_seconds_total")
        .help("CPU time used, user and system.")
        .unit(Unit.SECONDS)
        .callback(
            callback ->
                ProcessHandle.current()
                    .info()
                    .totalCpuDuration()
                    .ifPresent(time -> callback.call(time.toMillis() / 1e3)))
        .register(prometheus);
    gauge(
        prometheus,
        "process_resident_memory_bytes",
        "Resident memory, shared pages of files included.",
        ProcessMetrics::residentBytes);
    gauge(prometheus, "process_open_fds", "Open file descriptors.", ProcessMetrics::openFiles);
    GaugeWithCallback.builder()
        .name("jvm_memory_used_bytes")
        .help("Memory used by the JVM's own areas.")
        .labelNames("area")
        .callback(
            callback -> {
              Runtime runtime = Runtime.getRuntime();
              callback.call(runtime.totalMemory() - runtime.freeMemory(), "heap");
            })
        .register(prometheus);
    gauge(
        prometheus,
        "jvm_threads_current",
        "Live platform threads.",
        () -> count(PROC.resolve("task")));
  }

  /** NaN from {@code value} means that it cannot be told here: then there is no sample. */
  private static void gauge(
      PrometheusRegistry prometheus, String name, String help, DoubleSupplier value) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .callback(
            callback -> {
              double now = value.getAsDouble();
              if (!Double.isNaN(now)) {
                callback.call(now);
              }
            })
        .register(prometheus);
  }

  /** {@code VmRSS} of /proc/self/status, which the kernel gives in KiB. */
  private static double residentBytes() {
    try (Stream<String> lines = Files.lines(PROC.resolve("status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToDouble(line -> 1024 * Double.parseDouble(line.replaceAll("[^0-9]", "")))
          .findFirst()
          .orElse(Double.NaN);
    } catch (IOException e) {
      return Double.NaN;
    }
  }

  private static double openFiles() {
    return count(PROC.resolve("fd"));
  }

  private static double count(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.count();
    } catch (IOException e) {
      return Double.NaN;
    }
  }
}
