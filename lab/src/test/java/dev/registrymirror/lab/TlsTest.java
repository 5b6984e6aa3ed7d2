package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.peers.TestAuthority;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.Containerd;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Agents that speak mutual TLS with each other share as they do in the clear. */
@NeedsLab
class TlsTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir private static Path temp;
  private static Lab lab;
  private static Node provider;
  private static List<Node> pullers;

  @BeforeAll
  static void open() throws Exception {
    TestAuthority.Identity mirror = new TestAuthority().write(temp);
    lab = Lab.create();
    provider = lab.node("provider", Containerd.V24);
    pullers = List.of(lab.node("old", Containerd.V16), lab.node("new", Containerd.V24));
    lab.startAgents(
        "--peer-cert", mirror.certificate().toString(),
        "--peer-key", mirror.key().toString(),
        "--peer-ca", mirror.authority().toString());
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @Test
  void nodesShareWhileUpstreamIsDown() {
    // Given
    Image app = lab.upstream().push(ImageRecipe.named("tls:1").layers(2, 20 * MIB));
    provider.pull(app.reference());
    for (Node node : pullers) {
      app.blobs().forEach(digest -> awaitAnswer(node, app, digest));
    }
    lab.upstream().refuseConnections();

    for (Node node : pullers) {
      // When
      Pull pull = node.pull(app.reference());

      // Then
      assertThat(node.images()).contains(app.byDigest());
      assertThat(pull.bytesFromPeers()).isGreaterThan(app.bytes());
    }
  }

  @Test
  void whoHasNoCertificateIsToldNothing() {
    assertThatThrownBy(() -> provider.get(AgentMirror.PEER_PORT, "/v1/blobs/x"))
        .isInstanceOf(LabException.class)
        .hasMessageNotContaining("answers");
  }

  private static void awaitAnswer(Node node, Image app, Digest digest) {
    String kind = app.manifests().contains(digest) ? "manifests" : "blobs";
    String path = "/v2/%s/%s/%s?ns=%s".formatted(app.repository(), kind, digest, app.registry());
    Await.until(
        digest + " is to be had on " + node,
        SOON,
        () -> lab.http().answers(node.url(AgentMirror.REGISTRY_PORT, path)));
  }
}
