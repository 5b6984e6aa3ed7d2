package dev.registrymirror.lab.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.registrymirror.lab.cri.PullFailed;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Nodes on which a mirror can do nothing, for tests of what says so. */
@NeedsCluster
class ClusterNodeOptionsTest {

  private static final Duration BOUND = Duration.ofSeconds(30);

  @Test
  void nodesAreAsMisconfiguredAsTheyAreAskedToBe() {
    try (Cluster cluster =
        Cluster.create(
            ClusterOptions.nodes(
                ClusterNodeOptions.of(NodeLayout.STANDARD).withoutConfigPath(),
                ClusterNodeOptions.of(NodeLayout.STANDARD).discardUnpackedLayers()))) {
      Image image = cluster.upstream().push(ImageRecipe.named("app:1"));
      ClusterNode blind = cluster.node("n1");
      ClusterNode discarding = cluster.node("n2");

      assertThatExceptionOfType(PullFailed.class).isThrownBy(() -> blind.pull(image.reference()));
      discarding.pull(image.reference());

      Path layer =
          discarding.path(
              NodeLayout.STANDARD.root()
                  + "/io.containerd.content.v1.content/blobs/sha256/"
                  + image.layers().getFirst().hex());
      Await.until("the layer is gone", BOUND, () -> !Files.exists(layer));
      assertThat(discarding.images()).contains(image.reference());
    }
  }
}
