package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.LabException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can befall a node, and what can be done on it. */
@NeedsLab
class NodeTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  private static Lab lab;
  private static Node node;
  private static Node other;

  @BeforeAll
  static void open() {
    lab = Lab.create();
    node = lab.node("n1", lab.newestContainerd());
    other = lab.node("n2", lab.newestContainerd());
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @AfterEach
  void restore() {
    node.upstreamLink().restore();
    node.upstreamLink().unlimit();
    other.upstreamLink().unlimit();
  }

  @Test
  void linkGoesSilentAfterSoManyBytes() {
    // Given: a link that lets 5 MiB in.
    Image app = lab.upstream().push(ImageRecipe.named("silent:1").layers(1, 20 * MIB));
    node.upstreamLink().dropAfter(5 * MIB);

    // When
    CompletableFuture<Pull> pull = CompletableFuture.supplyAsync(() -> node.pull(app.reference()));

    // Then: the pull gets that far and no further, while another node's comes to its end.
    Await.until("4 MiB are there", SOON, () -> node.ingested() >= 4 * MIB);
    other.pull(app.reference());
    assertThat(node.ingested()).isLessThanOrEqualTo(5 * MIB);
    assertThat(pull).isNotDone();
    node.upstreamLink().restore();
    assertThat(pull.join().bytesFromUpstream()).isGreaterThan(app.bytes());
  }

  @Test
  void linkIsCutAndRestored() {
    // Given: a pull that takes two seconds.
    Image app = lab.upstream().push(ImageRecipe.named("cut:1").layers(1, 20 * MIB));
    node.upstreamLink().limit("80mbit");
    CompletableFuture<Pull> pull = CompletableFuture.supplyAsync(() -> node.pull(app.reference()));
    Await.until("the layer has begun", SOON, () -> node.ingested() >= MIB);

    // When
    node.upstreamLink().cut();

    // Then: it waits, while another node's comes to its end.
    other.upstreamLink().limit("60mbit");
    other.pull(app.reference());
    assertThat(pull).isNotDone();
    node.upstreamLink().restore();
    assertThat(pull.join().bytesFromUpstream()).isGreaterThan(app.bytes());
  }

  @Test
  void containerdComesBackAfterItsEnd() {
    Image app = lab.upstream().push(ImageRecipe.named("restarted:1"));
    node.pull(app.reference());

    node.restartContainerd();
    assertThat(node.images()).contains(app.reference());

    node.containerd().kill();
    node.startContainerd();
    assertThat(node.images()).contains(app.reference());
  }

  @Test
  void stalledContainerdGoesOn() {
    Image app = lab.upstream().push(ImageRecipe.named("stalled:1"));
    node.containerd().stall();
    CompletableFuture<Pull> pull = CompletableFuture.supplyAsync(() -> node.pull(app.reference()));
    assertThat(pull).isNotDone();

    node.containerd().resume();

    assertThat(pull.join().bytesFromUpstream()).isGreaterThan(app.bytes());
  }

  @Test
  void blobIsCorrupted() throws IOException {
    Image app = lab.upstream().push(ImageRecipe.named("corrupted:1"));
    node.pull(app.reference());
    Digest layer = app.layers().getFirst();
    byte[] good = Files.readAllBytes(node.blob(layer));

    node.corrupt(layer);

    assertThat(Files.readAllBytes(node.blob(layer))).hasSameSizeAs(good).isNotEqualTo(good);
  }

  @Test
  void imageGoesFromNodeToNodeInAFile(@TempDir Path directory) {
    Image app = lab.upstream().push(ImageRecipe.named("carried:1"));
    Path archive = directory.resolve("app.tar");
    node.pull(app.reference());

    node.exportImage(app.reference(), archive);
    other.importImages(archive);

    assertThat(other.images()).contains(app.reference());
    assertThat(other.holds(app.layers().getFirst())).isTrue();
  }

  @Test
  void removedImageLosesItsBlobs() {
    Image app = lab.upstream().push(ImageRecipe.named("removed:1"));
    node.pull(app.reference());

    node.removeImage(app.reference());

    Await.until("its blobs are gone", SOON, () -> !node.holds(app.layers().getFirst()));
    assertThat(node.images()).doesNotContain(app.reference());
  }

  @Test
  void mirrorThatEndsAtOnceIsReportedWithItsLastWords() {
    Mirror broken = new BrokenMirror();

    assertThatThrownBy(() -> node.startMirror(broken))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("n1's broken ended")
        .hasMessageContaining("no such luck");
  }

  private static final class BrokenMirror implements Mirror {

    @Override
    public String name() {
      return "broken";
    }

    @Override
    public void configure(Node where) {}

    @Override
    public List<String> command(Node where) {
      return List.of("sh", "-c", "echo no such luck; exit 1");
    }

    @Override
    public URI ready(Node where) {
      return where.url(1, "/");
    }
  }
}
