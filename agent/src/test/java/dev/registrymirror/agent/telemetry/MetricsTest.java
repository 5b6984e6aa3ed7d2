package dev.registrymirror.agent.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.telemetry.Metrics.FallbackReason;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import dev.registrymirror.agent.telemetry.Metrics.Result;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class MetricsTest {

  private static final String PROMETHEUS = null;
  private static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0";

  private final Metrics metrics = new Metrics("1.2.3");

  /** Dashboards and alerts rely on these names: a change here is a change for them. */
  @Test
  void exportsTheNamesThatOthersDependOn() throws IOException {
    metrics.request("docker.io", Kind.BLOB, Result.PEER);
    metrics.responseBytes("docker.io", Result.PEER, 1_000);
    metrics.responseBytes("docker.io", Result.PEER, 500);
    metrics.lookup(Duration.ofMillis(3));
    metrics.firstByte(Result.LOCAL, Duration.ofMillis(30));
    metrics.fallback(FallbackReason.LOOKUP_TIMEOUT);
    metrics.advertised(Kind.MANIFEST, 7);
    metrics.rosterNodes(5);
    metrics.flights(() -> 3, () -> 2);

    assertThat(lines(PROMETHEUS))
        .contains(
            "registry_mirror_requests_total"
                + "{kind=\"blob\",registry=\"docker.io\",result=\"peer\"} 1.0",
            "registry_mirror_response_bytes_total{registry=\"docker.io\",result=\"peer\"} 1500.0",
            "registry_mirror_lookup_seconds_bucket{le=\"0.0025\"} 0",
            "registry_mirror_lookup_seconds_bucket{le=\"0.005\"} 1",
            "registry_mirror_first_byte_seconds_bucket{result=\"local\",le=\"0.025\"} 0",
            "registry_mirror_first_byte_seconds_bucket{result=\"local\",le=\"0.05\"} 1",
            "registry_mirror_fallbacks_total{reason=\"lookup_timeout\"} 1.0",
            "registry_mirror_fallbacks_total{reason=\"not_found\"} 0.0",
            "registry_mirror_advertised{kind=\"manifest\"} 7.0",
            "registry_mirror_roster_nodes 5.0",
            "registry_mirror_flights{role=\"leader\"} 3.0",
            "registry_mirror_flights{role=\"follower\"} 2.0",
            "registry_mirror_build_info{version=\"1.2.3\"} 1");
  }

  @Test
  void countsRegistriesBeyondTheBoundTogether() throws IOException {
    // Given as many registries as are told apart
    for (int i = 0; i < Metrics.MAX_REGISTRIES; i++) {
      metrics.request("registry-" + i, Kind.BLOB, Result.LOCAL);
    }

    // When more come, and one that is known comes again
    for (int i = 0; i < 1_000; i++) {
      metrics.request("more-" + i, Kind.BLOB, Result.LOCAL);
    }
    metrics.request("registry-0", Kind.BLOB, Result.LOCAL);

    // Then there is one series for all of those
    List<String> series =
        lines(PROMETHEUS).stream()
            .filter(line -> line.startsWith("registry_mirror_requests_total{"))
            .toList();
    assertThat(series)
        .hasSize(Metrics.MAX_REGISTRIES + 1)
        .anyMatch(line -> line.contains("\"other\"") && line.endsWith(" 1000.0"))
        .anyMatch(line -> line.contains("\"registry-0\"") && line.endsWith(" 2.0"));
    assertThat(metrics.requestsByResult())
        .containsEntry(Result.LOCAL, Metrics.MAX_REGISTRIES + 1_001L)
        .containsEntry(Result.ERROR, 0L);
  }

  @Test
  void losesNoCountBetweenThreads() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int n = 0; n < 5_000; n++) {
                      metrics.request("registry-" + n % 100, Kind.TAG, Result.UPSTREAM);
                      metrics.responseBytes("registry-" + n % 100, Result.LOCAL, 2);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(metrics.requestsByResult()).containsEntry(Result.UPSTREAM, 40_000L);
    assertThat(metrics.bytesByResult()).containsEntry(Result.LOCAL, 80_000L);
  }

  @Test
  void twoAgentsInOneProcessCountApart() {
    Metrics otherAgent = new Metrics("1.2.3");

    otherAgent.request("docker.io", Kind.BLOB, Result.LOCAL);
    otherAgent.advertised(Kind.BLOB, 3);

    assertThat(metrics.requestsByResult()).containsEntry(Result.LOCAL, 0L);
    assertThat(metrics.advertisedByKind()).isEmpty();
    assertThat(otherAgent.advertisedByKind()).isEqualTo(Map.of(Kind.BLOB, 3L));
  }

  @Test
  void writesOpenMetricsToWhoAsksForIt() throws IOException {
    assertThat(Metrics.contentType(OPEN_METRICS)).startsWith("application/openmetrics-text");
    assertThat(lines(OPEN_METRICS)).endsWith("# EOF");
    assertThat(Metrics.contentType(PROMETHEUS)).startsWith("text/plain");
    assertThat(lines(PROMETHEUS)).doesNotContain("# EOF");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void showsTheProcess() throws IOException {
    assertThat(value("process_resident_memory_bytes")).isGreaterThan(1 << 20);
    assertThat(value("process_open_fds")).isGreaterThan(2);
    assertThat(value("process_start_time_seconds")).isGreaterThan(1.7e9);
    assertThat(value("process_cpu_seconds_total")).isPositive();
    assertThat(value("jvm_memory_used_bytes{area=\"heap\"}")).isGreaterThan(1 << 20);
    assertThat(value("jvm_threads_current")).isPositive();
  }

  private double value(String series) throws IOException {
    return lines(PROMETHEUS).stream()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElse(Double.NaN);
  }

  private List<String> lines(String accept) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    metrics.write(out, accept);
    try (Stream<String> lines = out.toString(StandardCharsets.UTF_8).lines()) {
      return lines.toList();
    }
  }
}
