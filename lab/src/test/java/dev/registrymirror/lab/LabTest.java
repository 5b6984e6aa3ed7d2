package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.tools.Containerd;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nodes pull from upstream through CRI, whatever their containerd and their addresses. */
@NeedsLab
class LabTest {

  @ParameterizedTest
  @EnumSource(Containerd.class)
  void pullsFromUpstream(Containerd containerd) {
    try (Lab lab = Lab.create()) {
      Image app = lab.upstream().push(ImageRecipe.named("app:1").layers(2, 10 * MIB));
      Node node = lab.node("n1", containerd);

      Pull pull = node.pull(app.reference());

      assertThat(node.images()).contains(app.reference());
      assertThat(pull.bytesFromUpstream()).isBetween(app.bytes(), app.bytes() * 11 / 10);
      assertThat(pull.bytesFromPeers()).isLessThan(10_000);
    }
  }

  @Test
  void pullsOverIpv6() {
    try (Lab lab = Lab.create(LabOptions.defaults().withIpv6())) {
      Image app = lab.upstream().push(ImageRecipe.named("app:1"));
      Node node = lab.node("n1", lab.newestContainerd());

      Pull pull = node.pull(app.reference());

      assertThat(node.endpoint(1)).matches("\\[fd18:[0-9a-f:]+]:1");
      assertThat(pull.bytesFromUpstream()).isGreaterThan(app.bytes());
      assertThat(lab.upstream().requests()).extracting(UpstreamRequest::node).containsOnly("n1");
    }
  }

  @Test
  void pullsOnAllNodesAtOnce() {
    try (Lab lab = Lab.create()) {
      Image app = lab.upstream().push(ImageRecipe.named("app:1"));
      lab.node("n1", lab.newestContainerd());
      lab.node("n2", lab.newestContainerd());

      assertThat(lab.pullAtOnce(app.reference(), lab.nodes()))
          .hasSize(2)
          .allMatch(pull -> pull.bytesFromUpstream() > app.bytes());
      assertThat(lab.upstream().bytesSent()).isGreaterThan(2 * app.bytes());
    }
  }

  @Test
  void twoLabsDoNotCollide() {
    try (Lab one = Lab.create();
        Lab other = Lab.create()) {
      Image app = one.upstream().push(ImageRecipe.named("app:1"));
      Image otherApp = other.upstream().push(ImageRecipe.named("app:1").seed(2));
      Node node = one.node("n1", one.newestContainerd());
      Node otherNode = other.node("n1", other.newestContainerd());

      node.pull(app.reference());
      otherNode.pull(otherApp.reference());

      assertThat(node.images()).contains(app.byDigest());
      assertThat(otherNode.images()).contains(otherApp.byDigest());
    }
  }
}
