package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.Containerd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Whether the agent says the truth of whether its containerd asks it. */
@NeedsLab
@ParameterizedClass
@EnumSource(Containerd.class)
class BypassTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  /** From the last commit of a pull to {@code /status}. */
  private static final Duration BOUND = Duration.ofSeconds(5);

  private final Containerd release;
  @TempDir private Path temp;
  private Lab lab;

  BypassTest(Containerd release) {
    this.release = release;
  }

  @BeforeEach
  void open() {
    lab = Lab.create();
  }

  @AfterEach
  void close() {
    lab.close();
  }

  @Test
  void whatTheMirrorIsAskedForIsNoBypass() {
    // Given
    Node node = lab.node("n1", release);
    Node other = lab.node("n2", release);
    lab.startAgents();
    lab.nodes().forEach(AgentStatus::awaitWatching);
    AgentStatus before = AgentStatus.of(node);
    assertThat(before.text("mode")).isEqualTo("serve");
    assertThat(before.text("containerdVersion")).startsWith(release.release());
    assertThat(before.isMirrored()).isTrue();
    assertThat(before.problems()).isEmpty();
    assertThat(before.text("lastServed")).isEmpty();

    // When: from upstream, from the peer, again, under a second tag, and from an archive
    Image app = lab.upstream().push(ImageRecipe.named("app:1").alsoFor("s390x"));
    node.pull(app.reference());
    Providers.await(app, node);
    other.pull(app.reference());
    node.pull(app.reference());
    Image second = lab.upstream().push(ImageRecipe.named("app:2").seed("app:1".hashCode()));
    node.pull(second.reference());
    Path archive = temp.resolve("app.tar");
    Image carried = lab.upstream().push(ImageRecipe.named("carried:1").seed(7));
    other.pull(carried.reference());
    other.exportImage(carried.reference(), archive);
    node.importImages(archive);

    // Then only what is pulled past the mirror afterwards is counted
    pullPastTheMirror(node);
    assertBypassed(node, "unknown", 1);
    AgentStatus served = AgentStatus.of(node);
    assertThat(served.served("bytes")).isGreaterThanOrEqualTo(2 * MIB);
    assertThat(served.served("blobs")).isGreaterThanOrEqualTo(4);
    assertThat(served.text("lastServed")).isNotEmpty();
    assertThat(AgentStatus.of(other).bypassed()).isEmpty();
    assertThat(node.get(AgentMirror.METRICS_PORT, "/metrics"))
        .contains(
            "registry_mirror_bypassed_images_total{reason=\"unknown\",registry=\"registry.lab\"}"
                + " 1.0");
    assertThat(AgentStatus.of(node).problems()).isEmpty();
  }

  @Test
  void containerdThatReadsNoHostsDirectoryIsAProblemAtOnce() {
    Node node = lab.node("n1", NodeOptions.of(release).configPath(""));

    node.startAgent();

    Await.until(
        "the problem is known",
        SOON,
        () -> AgentStatus.of(node).problems().contains("config_path"));
    assertThat(AgentStatus.of(node).isMirrored()).isTrue();
  }

  @Test
  void containerdThatReadsAnotherDirectoryBypasses() {
    // Given
    Node node = lab.node("n1", NodeOptions.of(release).configPath("%s-else"));
    putUpstream(Path.of(node.hostsDirectory() + "-else"));
    node.startAgent();
    AgentStatus.awaitWatching(node);

    // When
    Image app = lab.upstream().push(ImageRecipe.named("app:1").alsoFor("s390x").layers(4, MIB));
    node.pull(app.reference());

    // Then
    assertBypassed(node, "config_path", 1);
    assertThat(AgentStatus.of(node).problems()).containsExactly("config_path");

    // When
    node.pull(lab.upstream().push(ImageRecipe.named("app:2").seed(2)).reference());

    // Then
    assertBypassed(node, "config_path", 2);
  }

  @Test
  void severalDirectoriesAreOnePathToTheTransferService() {
    // Given
    Node node = lab.node("n1", NodeOptions.of(release).configPath("%s:%s-else"));
    putUpstream(Path.of(node.hostsDirectory() + ":" + node.hostsDirectory() + "-else"));
    node.startAgent();
    AgentStatus.awaitWatching(node);

    // When
    node.pull(lab.upstream().push(ImageRecipe.named("app:1")).reference());

    // Then
    if (release == Containerd.V24) {
      assertBypassed(node, "transfer_service", 1);
      assertThat(AgentStatus.of(node).problems()).containsExactly("transfer_service");
    } else {
      pullPastTheMirror(node);
      assertBypassed(node, "unknown", 1);
      assertThat(AgentStatus.of(node).problems()).isEmpty();
    }
  }

  @Test
  void discardedLayersAreAProblemAndNoBypass() {
    // Given
    Node node = lab.node("n1", NodeOptions.of(release).discardUnpackedLayers());
    node.startAgent();
    AgentStatus.awaitWatching(node);
    Await.until(
        "the problem is known",
        SOON,
        () -> AgentStatus.of(node).problems().equals(List.of("layers_discarded")));

    // When
    node.pull(lab.upstream().push(ImageRecipe.named("app:1")).reference());

    // Then
    pullPastTheMirror(node);
    assertBypassed(node, "unknown", 1);
  }

  @Test
  void entryThatIsNotTheMirrorsIsTheReason() throws Exception {
    // Given
    Node node = lab.node("n1", release);
    Path upstream = Files.copy(node.hostsFile(Upstream.REGISTRY), temp.resolve("hosts.toml"));
    node.startAgent();
    AgentStatus.awaitWatching(node);
    byte[] ours = Files.readAllBytes(node.hostsFile(Upstream.REGISTRY));

    // When somebody rewrites it by hand, with a link, which the agent does not touch
    Files.delete(node.hostsFile(Upstream.REGISTRY));
    Files.createSymbolicLink(node.hostsFile(Upstream.REGISTRY), upstream);

    // Then
    Await.until("it is noticed", SOON, () -> !AgentStatus.of(node).isMirrored());
    node.pull(lab.upstream().push(ImageRecipe.named("app:1")).reference());
    assertBypassed(node, "hosts_changed", 1);
    assertThat(AgentStatus.of(node).problems()).containsExactly("hosts_changed");

    // When it is mended
    Files.delete(node.hostsFile(Upstream.REGISTRY));
    Files.write(node.hostsFile(Upstream.REGISTRY), ours);

    // Then
    Await.until("it is noticed", SOON, () -> AgentStatus.of(node).isMirrored());
    assertThat(AgentStatus.of(node).problems()).isEmpty();
    node.pull(lab.upstream().push(ImageRecipe.named("app:2").seed(2)).reference());
    assertBypassed(node, "hosts_changed", 1);
  }

  @Test
  void pullThatBeganBeforeTheAgentIsNoBypass() {
    // Given a pull with more layers than are downloaded at once, of which none has ended
    Node node = lab.node("n1", release);
    Image app = lab.upstream().push(ImageRecipe.named("app:1").alsoFor("s390x").layers(7, 2 * MIB));
    node.upstreamLink().limit("4mbit");
    PullUnderWay pull = PullUnderWay.begin(node, app.reference());
    Await.until("the layers have begun", SOON, () -> node.ingested() > MIB);

    // When
    node.startAgent();
    AgentStatus.awaitWatching(node);
    assertThat(app.layers()).filteredOn(node::holds).hasSizeLessThan(5);
    node.upstreamLink().unlimit();
    pull.end();

    // Then
    pullPastTheMirror(node);
    assertBypassed(node, "unknown", 1);
  }

  @Test
  void agentThatIsRestartedInTheMiddleOfAPullCountsNoBypass() {
    // Given
    Node node = lab.node("n1", release);
    AgentMirror agent = AgentMirror.plain();
    node.startMirror(agent);
    Image app = lab.upstream().push(ImageRecipe.named("app:1").layers(7, 2 * MIB));
    node.upstreamLink().limit("4mbit");
    PullUnderWay pull = PullUnderWay.begin(node, app.reference());
    Await.until("the layers have begun", SOON, () -> node.ingested() > MIB);

    // When
    node.mirror().kill();
    node.startConfiguredMirror(agent);
    AgentStatus.awaitWatching(node);
    assertThat(app.layers()).filteredOn(node::holds).hasSizeLessThan(5);
    node.upstreamLink().unlimit();
    pull.end();

    // Then
    pullPastTheMirror(node);
    assertBypassed(node, "unknown", 1);
  }

  /** As somebody does with a client of his own. */
  private void pullPastTheMirror(Node node) {
    Path hosts = temp.resolve("past-" + node.name());
    putUpstream(hosts);
    Image past = lab.upstream().push(ImageRecipe.named("past:1").alsoFor("s390x"));
    node.ctr("content", "fetch", "--hosts-dir", hosts.toString(), past.reference());
  }

  /** A hosts directory that knows of upstream alone, as nodes have it before the mirror. */
  private void putUpstream(Path hosts) {
    try {
      Path file = hosts.resolve(Upstream.REGISTRY).resolve("hosts.toml");
      Files.createDirectories(file.getParent());
      String upstream = lab.upstream().address().toString();
      Files.writeString(
          file,
          "server = \"%1$s\"\n[host.\"%1$s\"]\ncapabilities = [\"pull\", \"resolve\"]\n"
              .formatted(upstream));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** This, and nothing else, within the bound. */
  private static void assertBypassed(Node node, String reason, int images) {
    List<String> expected = List.of("%s %s %d".formatted(Upstream.REGISTRY, reason, images));
    try {
      Await.until("counted", BOUND, () -> AgentStatus.of(node).bypassed().equals(expected));
    } catch (LabException e) {
      assertThat(AgentStatus.of(node).bypassed()).as(e.getMessage()).isEqualTo(expected);
    }
  }
}
