package dev.registrymirror.lab;

import static dev.registrymirror.lab.PullsUnderWay.LAYER;
import static dev.registrymirror.lab.PullsUnderWay.MID_BLOB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.tools.Containerd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A node's own agent, or its containerd, goes and comes: pulls succeed, and sharing goes on. */
@NeedsLab
class AgentFaultsTest {

  private static final long LITTLE = 100_000;
  private static final Duration SOON = Duration.ofSeconds(20);

  private static final List<Node> PULLERS = new ArrayList<>();

  private static Lab lab;
  private static Node provider;

  @BeforeAll
  static void open() {
    lab = Lab.create();
    for (Containerd release : Containerd.values()) {
      PULLERS.add(lab.node(lower(release), release));
    }
    provider = lab.node("provider", Containerd.V24);
  }

  private static String lower(Containerd release) {
    return release.name().toLowerCase(Locale.ROOT);
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @BeforeEach
  void startAgents() {
    lab.startAgents();
  }

  @AfterEach
  void restore() {
    lab.upstream().restore();
    lab.upstream().forgetRequests();
  }

  @Test
  void pullGoesOnUpstreamWhenItsAgentIsKilled() {
    // Given
    Map<Node, Image> images = PullsUnderWay.push("killed", PULLERS);
    images.values().forEach(AgentFaultsTest::hold);
    PullsUnderWay underWay = PullsUnderWay.begin(images);

    // When
    PULLERS.forEach(node -> node.mirror().kill());

    // Then
    underWay
        .end()
        .forEach(
            (node, pull) -> {
              assertThat(node.images()).contains(images.get(node).reference());
              assertThat(pull.bytesFromPeers()).isGreaterThan(MID_BLOB);
              assertThat(pull.bytesFromUpstream()).isBetween(LITTLE, LAYER);
            });
  }

  @Test
  void agentThatIsToldToEndLetsItsStreamsEnd() {
    // Given
    Map<Node, Image> images = PullsUnderWay.push("drained", PULLERS);
    images.values().forEach(AgentFaultsTest::hold);
    PullsUnderWay underWay = PullsUnderWay.begin(images);

    // When: both those that pass the layer on and the one that it comes from.
    lab.nodes().forEach(node -> node.mirror().askToEnd());

    // Then: the layer comes whole from the peer.
    underWay
        .end()
        .forEach(
            (node, pull) -> {
              assertThat(node.images()).contains(images.get(node).reference());
              assertThat(pull.bytesFromPeers()).isGreaterThan(LAYER);
              assertThat(pull.bytesFromUpstream()).isLessThan(LITTLE);
            });
    lab.nodes().forEach(node -> assertEnds(node, Deadlines.DEFAULTS.drain()));
  }

  @Test
  void agentEndsWithinItsBoundWhateverIsUnderWay() {
    // Given: streams that would take longer.
    Duration drain = Duration.ofSeconds(2);
    PULLERS.forEach(node -> node.mirror().kill());
    lab.startAgents("--drain-timeout", drain.toSeconds() + "s");
    Map<Node, Image> images = PullsUnderWay.push("bounded", PULLERS);
    images.values().forEach(AgentFaultsTest::hold);
    PullsUnderWay underWay = PullsUnderWay.begin(images);

    // When
    PULLERS.forEach(node -> node.mirror().askToEnd());

    // Then: containerd goes on upstream from the offset.
    PULLERS.forEach(node -> assertEnds(node, drain));
    underWay
        .end()
        .forEach(
            (node, pull) -> {
              assertThat(node.images()).contains(images.get(node).reference());
              assertThat(pull.bytesFromUpstream()).isBetween(LITTLE, LAYER);
            });
  }

  // What an agent needs beside: to start a JVM's end, on a busy machine.
  private static void assertEnds(Node node, Duration drain) {
    Await.until(
        node + "'s agent has ended",
        drain.plus(Duration.ofSeconds(2)),
        () -> !node.mirror().isAlive());
    assertThat(node.mirror().exitCode()).isZero();
  }

  @Test
  void agentThatCameBackSharesAgain() {
    // Given
    Image app = lab.upstream().push(ImageRecipe.named("agent-back:1"));
    hold(app);

    // When
    provider.mirror().kill();
    provider.startAgent();

    // Then
    Providers.await(app, provider);
    assertSharedWithoutUpstream(app);
  }

  @ParameterizedTest
  @EnumSource
  void containerdThatCameBackSharesAgain(Containerd release) {
    // Given
    Node node = PULLERS.get(release.ordinal());
    String name = "containerd-back-" + lower(release);
    Image old = lab.upstream().push(ImageRecipe.named(name + ":1"));
    Image late = lab.upstream().push(ImageRecipe.named(name + ":2"));
    node.pull(old.reference());

    // When
    node.restartContainerd();
    node.pull(late.reference());

    // Then
    Node other = provider;
    Providers.await(old, node);
    Providers.await(late, node);
    lab.upstream().refuseConnections();
    assertFromPeers(old, other.pull(old.reference()));
    assertFromPeers(late, other.pull(late.reference()));
  }

  @ParameterizedTest
  @EnumSource
  void agentWaitsForItsContainerd(Containerd release) {
    // Given: an agent whose containerd is not there yet.
    Node node = PULLERS.get(release.ordinal());
    node.mirror().terminate();
    node.containerd().terminate();
    node.containerdSocket().toFile().delete();
    node.startAgent();

    // When
    node.startContainerd();

    // Then
    Image app = lab.upstream().push(ImageRecipe.named("waited-" + lower(release) + ":1"));
    node.pull(app.reference());
    Providers.await(app, node);
    lab.upstream().refuseConnections();
    assertFromPeers(app, provider.pull(app.reference()));
  }

  @ParameterizedTest
  @EnumSource
  void whatIsDeletedIsNotServed(Containerd release) {
    // Given
    Node node = PULLERS.get(release.ordinal());
    Image app = lab.upstream().push(ImageRecipe.named("deleted-" + lower(release) + ":1"));
    node.pull(app.reference());
    Providers.await(app, node);

    // When
    node.removeImage(app.reference());
    Await.until(
        "containerd has deleted the image's blobs",
        SOON,
        () -> app.blobs().stream().noneMatch(node::holds));

    // Then
    app.blobs().forEach(digest -> Providers.awaitNone(digest, node));
    Pull pull = provider.pull(app.reference());
    assertThat(pull.bytesFromUpstream()).isGreaterThan(app.bytes());
    assertThat(pull.bytesFromPeers()).isLessThan(LITTLE);
  }

  private static void hold(Image image) {
    provider.pull(image.reference());
    Providers.await(image, provider);
  }

  private static void assertSharedWithoutUpstream(Image app) {
    lab.upstream().refuseConnections();
    for (Node puller : PULLERS) {
      assertFromPeers(app, puller.pull(app.reference()));
      assertThat(puller.images()).contains(app.reference());
    }
  }

  private static void assertFromPeers(Image app, Pull pull) {
    assertThat(pull.bytesFromPeers()).isGreaterThan(app.bytes());
    assertThat(pull.bytesFromUpstream()).isLessThan(LITTLE);
  }
}
