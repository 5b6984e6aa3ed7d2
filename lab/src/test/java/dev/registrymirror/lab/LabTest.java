package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.tools.Containerd;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
}
