package dev.registrymirror.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.tools.Tools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A node pulls from a mirror on another node: the links tell where bytes came from, and what
 * befalls the other node is felt. The mirror is a plain pull-through cache, so that the lab is
 * tested by itself.
 */
@NeedsLab
class PeerTest {

  private static final int PORT = 5000;

  private static Lab lab;
  private static Node provider;
  private static Node puller;

  @BeforeAll
  static void open() throws IOException {
    lab = Lab.create();
    provider = lab.node("provider", lab.newestContainerd());
    puller = lab.node("puller", lab.newestContainerd());
    Files.writeString(
        puller.hostsFile(Upstream.REGISTRY),
        """
        server = "%s"
        [host."%s"]
          dial_timeout = "300ms"
        """
            .formatted(lab.upstream().address(), provider.url(PORT, "")));
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @BeforeEach
  void startMirror() {
    provider.startMirror(new PullThroughCache());
  }

  @AfterEach
  void endMirror() {
    provider.peerLink().restore();
    provider.mirror().kill();
  }

  @Test
  void bytesFromPeersAreCountedAsSuch() {
    Image app = lab.upstream().push(ImageRecipe.named("shared:1"));

    Pull pull = puller.pull(app.reference());

    assertThat(pull.bytesFromPeers()).isBetween(app.bytes(), app.bytes() * 11 / 10);
    assertThat(pull.bytesFromUpstream()).isLessThan(10_000);
    assertThat(lab.upstream().requests())
        .filteredOn(asked -> asked.repository().equals("shared"))
        .extracting(UpstreamRequest::node)
        .containsOnly("provider");
  }

  @Test
  void killedMirrorRefuses() {
    Image app = lab.upstream().push(ImageRecipe.named("killed:1"));
    provider.mirror().kill();

    assertFromUpstream(app, puller.pull(app.reference()));
  }

  @Test
  void blackHoleAnswersNothing() {
    Image app = lab.upstream().push(ImageRecipe.named("dark:1"));
    provider.peerLink().drop();

    Pull pull = puller.pull(app.reference());

    assertFromUpstream(app, pull);
    assertThat(pull.took()).isGreaterThan(Duration.ofMillis(300));
  }

  @Test
  void cutLinkAnswersNothing() {
    Image app = lab.upstream().push(ImageRecipe.named("cut:1"));
    provider.peerLink().cut();

    assertFromUpstream(app, puller.pull(app.reference()));
  }

  private static void assertFromUpstream(Image app, Pull pull) {
    assertThat(pull.bytesFromUpstream()).isGreaterThan(app.bytes());
    assertThat(pull.bytesFromPeers()).isLessThan(10_000);
  }

  @Test
  void stalledMirrorKeepsConnectionsAndIsSilent() {
    provider.mirror().stall();

    assertThatThrownBy(() -> provider.get(PORT, "/v2/")).hasMessageContaining("timed out");

    provider.mirror().resume();
    assertThat(provider.get(PORT, "/v2/")).isEqualTo("{}");
  }

  @Test
  void terminatedMirrorEnds() {
    provider.mirror().terminate();

    assertThat(provider.mirror().isAlive()).isFalse();
  }

  /** docker-registry, told to fetch from upstream what it lacks. */
  private static final class PullThroughCache implements Mirror {

    @Override
    public String name() {
      return "cache";
    }

    @Override
    public void configure(Node node) {
      String yaml =
          """
          version: 0.1
          storage: {filesystem: {rootdirectory: "%s"}}
          http: {addr: "%s"}
          proxy: {remoteurl: "%s"}
          """
              .formatted(
                  node.directory().resolve("cache"),
                  node.endpoint(PORT),
                  node.lab().upstream().address());
      try {
        Files.writeString(config(node), yaml);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static Path config(Node node) {
      return node.directory().resolve("cache.yml");
    }

    @Override
    public List<String> command(Node node) {
      return List.of(Tools.prepare().registry().toString(), "serve", config(node).toString());
    }

    @Override
    public URI ready(Node node) {
      return node.url(PORT, "/");
    }
  }
}
