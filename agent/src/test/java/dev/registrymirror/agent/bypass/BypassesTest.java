package dev.registrymirror.agent.bypass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.hosts.Standing;
import dev.registrymirror.agent.store.BlobStore.Health;
import dev.registrymirror.agent.store.Setup;
import dev.registrymirror.agent.telemetry.Metrics;
import dev.registrymirror.agent.telemetry.Obstacle;
import dev.registrymirror.agent.telemetry.StatusReport.Bypassed;
import dev.registrymirror.agent.telemetry.StatusReport.Problem;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BypassesTest {

  private static final Path HOSTS = Path.of("/etc/containerd/certs.d");
  private static final Standing MIRRORED = new Standing(true, Set.of(), Map.of());
  private static final Health WELL = new Health(true, "");

  private Instant now = Instant.parse("2026-01-02T03:04:05Z");
  private Setup setup = Setup.of("1.6.20", now);
  private final Bypasses bypasses =
      new Bypasses(HOSTS, () -> setup, new Metrics("test"), () -> now);

  private void reads(String path, boolean onePath) {
    setup = new Setup("2.4.2", Optional.of(path), onePath, false, now);
  }

  private void passes(Duration time) {
    now = now.plus(time);
  }

  private List<Obstacle> problems() {
    return bypasses.problems(WELL).stream().map(Problem::reason).toList();
  }

  @Test
  void imagesAreCountedByRegistryAndReason() {
    bypasses.hosts(MIRRORED);
    Instant first = now;

    bypasses.unasked(Set.of("docker.io"));
    passes(Duration.ofSeconds(1));
    bypasses.unasked(Set.of("ghcr.io"));
    bypasses.unasked(Set.of("ghcr.io"));

    assertThat(bypasses.bypassed())
        .containsExactly(
            new Bypassed("docker.io", Obstacle.UNKNOWN, 1, first),
            new Bypassed("ghcr.io", Obstacle.UNKNOWN, 2, now));
    assertThat(problems()).isEmpty();
  }

  @Test
  void aRegistryThatIsNotMirroredIsNotBypassed() {
    bypasses.unasked(Set.of("docker.io"));
    assertThat(bypasses.bypassed()).isEmpty();
    assertThat(problems()).containsExactly(Obstacle.HOSTS_CHANGED);

    bypasses.hosts(new Standing(true, Set.of("ghcr.io"), Map.of()));
    bypasses.unasked(Set.of("docker.io"));
    bypasses.unasked(Set.of("docker.io", "ghcr.io"));

    assertThat(bypasses.bypassed()).extracting(Bypassed::registry).containsExactly("ghcr.io");
  }

  @ParameterizedTest
  @CsvSource({
    "'', false, CONFIG_PATH",
    "/etc/docker/certs.d, true, CONFIG_PATH",
    "/etc/containerd/certs.d:/etc/docker/certs.d, true, TRANSFER_SERVICE",
    "/etc/containerd/certs.d:/etc/docker/certs.d, false, UNKNOWN",
    "/etc/containerd//certs.d/, true, UNKNOWN"
  })
  void whatContainerdReadsIsTheReason(String path, boolean onePath, Obstacle reason) {
    bypasses.hosts(MIRRORED);
    reads(path, onePath);

    bypasses.unasked(Set.of("docker.io"));

    assertThat(bypasses.bypassed()).extracting(Bypassed::reason).containsExactly(reason);
    assertThat(problems()).isEqualTo(reason == Obstacle.UNKNOWN ? List.of() : List.of(reason));
  }

  @Test
  void whoAsksReadsTheDirectoryWhateverItIsCalled() {
    // Given a directory that has another name here
    bypasses.hosts(MIRRORED);
    reads("/host/certs.d", true);
    assertThat(problems()).containsExactly(Obstacle.CONFIG_PATH);

    // When containerd asks
    passes(Duration.ofSeconds(1));
    bypasses.asked();

    // Then there is no problem, until something is pulled past the mirror again
    assertThat(problems()).isEmpty();
    passes(Duration.ofSeconds(1));
    bypasses.unasked(Set.of("docker.io"));
    assertThat(problems()).containsExactly(Obstacle.CONFIG_PATH);
  }

  @Test
  void anEntryThatWasAnothersExplainsPullsOfThatTime() {
    // Given an entry that was rewritten, and put back
    bypasses.hosts(new Standing(true, Set.of(), Map.of("ghcr.io", "not as the mirror writes it")));
    assertThat(bypasses.isMirrored()).isFalse();
    assertThat(bypasses.problems(WELL).getFirst().detail())
        .contains("ghcr.io", HOSTS.toString(), "not as the mirror writes it");
    bypasses.hosts(MIRRORED);
    assertThat(bypasses.isMirrored()).isTrue();
    assertThat(problems()).isEmpty();

    // Then
    bypasses.unasked(Set.of("docker.io"));
    bypasses.unasked(Set.of("ghcr.io"));
    passes(Bypasses.LONGEST_PULL);
    bypasses.unasked(Set.of("ghcr.io"));
    assertThat(bypasses.bypassed())
        .extracting(Bypassed::reason)
        .containsExactly(Obstacle.UNKNOWN, Obstacle.HOSTS_CHANGED, Obstacle.UNKNOWN);
  }

  @Test
  void theDefaultEntryIsThatOfRegistriesWithoutOne() {
    bypasses.hosts(new Standing(true, Set.of(), Map.of("_default", "not there")));

    bypasses.unasked(Set.of("docker.io"));

    assertThat(bypasses.bypassed())
        .extracting(Bypassed::reason)
        .containsExactly(Obstacle.HOSTS_CHANGED);
  }

  @Test
  void discardedLayersAndAStoreOutOfReachAreProblems() {
    bypasses.hosts(MIRRORED);
    setup = new Setup("1.7.35", Optional.of(HOSTS.toString()), false, true, now);

    assertThat(bypasses.problems(new Health(false, "no socket")))
        .extracting(Problem::reason)
        .containsExactly(Obstacle.STORE_UNREACHABLE, Obstacle.LAYERS_DISCARDED);
  }
}
