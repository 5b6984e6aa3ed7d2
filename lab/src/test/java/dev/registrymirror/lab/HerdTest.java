package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.tools.Containerd;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nodes that pull a new image at the same moment. */
@NeedsLab
class HerdTest {

  private static final int NODES = 5;

  @ParameterizedTest
  @EnumSource(Containerd.class)
  void costsOneDownload(Containerd release) {
    try (Lab lab = Lab.create()) {
      // Given
      Image app = lab.upstream().push(ImageRecipe.named("herd:1").layers(4, 10 * MIB));
      List<Node> nodes = new ArrayList<>();
      for (int i = 1; i <= NODES; i++) {
        nodes.add(lab.node("n" + i, release));
      }
      lab.startAgents("--log-level", "debug");
      lab.upstream().limit("100mbit");

      // When
      List<Pull> pulls = lab.pullAtOnce(app.reference(), nodes);

      // Then
      long upstream = pulls.stream().mapToLong(Pull::bytesFromUpstream).sum();
      assertThat(upstream).isLessThan(app.bytes() * 21 / 20);
      assertThat(lab.upstream().requests())
          .filteredOn(asked -> asked.method().equals("GET"))
          .extracting(UpstreamRequest::reference)
          .doesNotHaveDuplicates();
    }
  }
}
