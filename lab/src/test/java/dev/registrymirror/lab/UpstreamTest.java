package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.lab.cri.Login;
import dev.registrymirror.lab.cri.PullFailed;
import dev.registrymirror.lab.images.BusyboxArchive;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.tools.Containerd;
import dev.registrymirror.lab.tools.Tools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Upstream does what it is told; nodes without a mirror feel it. */
@NeedsLab
class UpstreamTest {

  private static Lab lab;
  private static Upstream upstream;
  private static Node node;

  @BeforeAll
  static void open() {
    lab = Lab.create();
    upstream = lab.upstream();
    node = lab.node("n1", lab.newestContainerd());
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @AfterEach
  void restore() {
    upstream.restore();
    upstream.unlimit();
    upstream.forgetRequests();
  }

  @Test
  void refusesConnectionsUntilItIsRestored() {
    Image app = upstream.push(ImageRecipe.named("refused:1"));
    upstream.refuseConnections();

    assertThatThrownBy(() -> node.pull(app.reference()))
        .isInstanceOf(PullFailed.class)
        .hasMessageContaining("connection refused");

    upstream.restore();
    assertThat(node.pull(app.reference()).bytesFromUpstream()).isGreaterThan(app.bytes());
  }

  @Test
  void dropsPackets() throws IOException {
    Image app = upstream.push(ImageRecipe.named("dropped:1"));
    String hosts = Files.readString(node.hostsFile(Upstream.REGISTRY));
    Files.writeString(
        node.hostsFile(Upstream.REGISTRY),
        "[host.\"%s\"]%n  dial_timeout = \"300ms\"%n".formatted(upstream.address()));
    upstream.dropPackets();

    assertThatThrownBy(() -> node.pull(app.reference()))
        .isInstanceOf(PullFailed.class)
        .hasMessageContaining("i/o timeout");

    Files.writeString(node.hostsFile(Upstream.REGISTRY), hosts);
  }

  @ParameterizedTest
  @CsvSource({
    "401, 401 Unauthorized",
    "403, 403 Forbidden",
    "404, not found",
    "429, registry.lab: 429",
    "500, 500 Internal"
  })
  void answersAsItIsTold(int status, String error) {
    Image app = upstream.push(ImageRecipe.named("answered:" + status));
    upstream.answer(status, asked -> asked.reference().equals(app.tag()));

    assertThatThrownBy(() -> node.pull(app.reference()))
        .isInstanceOf(PullFailed.class)
        .hasMessageContaining(error);
  }

  @Test
  void isPrivate() {
    Image app = upstream.push(ImageRecipe.named("private:1"));
    upstream.requireLogin(new Login("user", "secret"));

    assertThatThrownBy(() -> node.pull(app.reference()))
        .isInstanceOf(PullFailed.class)
        .hasMessageContaining("no basic auth credentials");

    node.pull(app.reference(), new Login("user", "secret"));
    assertThat(node.images()).contains(app.reference());
  }

  @Test
  void tellsWhoAskedForWhat() {
    Image app = upstream.push(ImageRecipe.named("counted:1").layers(1, MIB));

    node.pull(app.reference());

    assertThat(upstream.count("HEAD", app.tag())).isEqualTo(1);
    assertThat(upstream.count("GET", app.digest().toString())).isEqualTo(1);
    assertThat(upstream.requests())
        .filteredOn(asked -> asked.reference().equals(app.layers().getFirst().toString()))
        .singleElement()
        .satisfies(
            asked -> {
              assertThat(asked.node()).isEqualTo("n1");
              assertThat(asked.kind()).isEqualTo("blobs");
              assertThat(asked.repository()).isEqualTo("counted");
              assertThat(asked.status()).isEqualTo(200);
              assertThat(asked.bytes()).isGreaterThan(MIB);
            });
  }

  @Test
  void takesArchives(@TempDir Path directory) {
    Tools tools = Tools.prepare();
    Path layout = directory.resolve("layout.tar");
    Path saved = directory.resolve("saved.tar");
    BusyboxArchive.write(tools.busybox(), layout, "localhost/busybox:1", Map.of());
    Command.run(
        tools.skopeo().toString(),
        "--insecure-policy",
        "copy",
        "oci-archive:" + layout,
        "docker-archive:" + saved + ":busybox:1");

    String fromLayout = upstream.push(layout, "from/layout:1");
    String fromSaved = upstream.push(saved, "from/docker-save:1");

    node.pull(fromLayout);
    node.pull(fromSaved);
    assertThat(node.images())
        .contains("registry.lab/from/layout:1", "registry.lab/from/docker-save:1");
  }

  @Test
  void offersHugeManifest() {
    String reference = upstream.offerHugeManifest("huge", "1", (int) (10 * MIB));

    assertThatThrownBy(() -> node.pull(reference)).isInstanceOf(PullFailed.class);
    assertThat(upstream.count("HEAD", "1")).isEqualTo(1);
  }

  @Test
  void isAsSlowAsItsLink() {
    Image app = upstream.push(ImageRecipe.named("slow:1").layers(1, 10 * MIB));
    upstream.limit("80mbit");

    Pull pull = node.pull(app.reference());

    // 10 MiB are 84 Mbit.
    assertThat(pull.took().toMillis()).isGreaterThan(950);
  }

  @Test
  void movesTag() {
    Image before = upstream.push(ImageRecipe.named("moved:1").seed(1));
    Image after = upstream.push(ImageRecipe.named("moved:1").seed(2));

    node.pull(before.reference());

    assertThat(after.digest()).isNotEqualTo(before.digest());
    assertThat(node.images()).contains(after.byDigest()).doesNotContain(before.byDigest());
  }

  @Test
  void hasIndexOfSeveralPlatforms() {
    Image app = upstream.push(ImageRecipe.named("index:1").alsoFor("amd64", "arm64"));

    node.pull(app.reference());

    assertThat(app.manifests()).hasSize(3);
    assertThat(node.images()).contains(app.byDigest());
    assertThat(List.of(app.manifests().get(0), app.digest())).allMatch(node::holds);
    assertThat(node.holds(app.manifests().get(1))).isFalse();
  }

  @Test
  void givesRangesToParallelFetches() {
    Node parallel = lab.node("n2", NodeOptions.of(Containerd.V24).fetchLayersInParallel());
    Image app = upstream.push(ImageRecipe.named("ranges:1").layers(1, 20 * MIB));

    parallel.pull(app.reference());

    assertThat(upstream.requests())
        .filteredOn(asked -> asked.reference().equals(app.layers().getFirst().toString()))
        .filteredOn(asked -> asked.status() == 206)
        .extracting(UpstreamRequest::range)
        .contains("bytes=0-", "bytes=4194304-");
  }
}
