package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.tools.Containerd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nodes that pull a new image at the same moment. */
@NeedsLab
class HerdTest {

  private static final int NODES = 5;
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final Duration MINUTE = Duration.ofMinutes(1);

  @ParameterizedTest
  @EnumSource(Containerd.class)
  void costsOneDownloadAlsoOfMoreLayersThanContainerdFetchesAtOnce(Containerd release) {
    try (Lab lab = Lab.create()) {
      // Given layers that take longer than anybody waits for a download that is quiet
      Image app = lab.upstream().push(ImageRecipe.named("layers:1").layers(5, 16 * MIB));
      List<Node> nodes = new ArrayList<>();
      for (int i = 1; i <= NODES; i++) {
        nodes.add(lab.node("n" + i, release));
      }
      lab.startAgents("--log-level", "debug");
      lab.upstream().limit("80mbit");

      // When
      List<Pull> pulls = lab.pullAtOnce(app.reference(), nodes);

      // Then
      long upstream = pulls.stream().mapToLong(Pull::bytesFromUpstream).sum();
      assertThat(upstream).isLessThan(app.bytes() * 21 / 20);
    }
  }

  private static boolean leads(Node node) {
    return node.upstreamLink().received() > 2 * MIB;
  }

  @Test
  void leavesALeaderThatIsFarSlower() {
    try (Lab lab = Lab.create()) {
      // Given nodes that each lead some layers of an image
      Image app = lab.upstream().push(ImageRecipe.named("slow:1").layers(6, 12 * MIB));
      List<Node> nodes = new ArrayList<>();
      for (int i = 1; i <= NODES; i++) {
        nodes.add(lab.node("n" + i, Containerd.V24));
      }
      lab.startAgents("--log-level", "debug");
      lab.upstream().limit("80mbit");
      Map<Node, CompletableFuture<Pull>> pulls = new LinkedHashMap<>();
      for (Node node : nodes) {
        pulls.put(
            node,
            CompletableFuture.supplyAsync(
                () -> node.pull(app.reference()), pull -> Thread.ofVirtual().start(pull)));
      }

      // When one of them becomes far slower than the others
      Await.until("a node leads", SOON, () -> nodes.stream().anyMatch(HerdTest::leads));
      Node slow = nodes.stream().filter(HerdTest::leads).findFirst().orElseThrow();
      slow.upstreamLink().limit("1mbit");

      // Then it alone waits for its uplink
      for (Node node : nodes) {
        if (!node.equals(slow)) {
          assertThat(pulls.get(node)).succeedsWithin(MINUTE);
        }
      }
      assertThat(pulls.get(slow)).isNotDone();
      assertThat(lab.upstream().bytesSent()).isLessThan(2 * app.bytes());
      slow.upstreamLink().unlimit();
      assertThat(pulls.get(slow)).succeedsWithin(MINUTE);
    }
  }
}
