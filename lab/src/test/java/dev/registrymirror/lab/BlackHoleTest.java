package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.tools.Containerd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * Every peer is a black hole, all at once and without a reset: a pull succeeds, and takes no longer
 * than {@link Deadlines#wholePull} more than on a node without a mirror.
 */
@NeedsLab
@Isolated("it holds times against a bound")
class BlackHoleTest {

  /** For a machine that is busy with other things: the two pulls are some seconds apart. */
  private static final Duration NOISE = Duration.ofSeconds(2);

  private static final long LITTLE = 100_000;

  private static final List<Node> WITH_MIRROR = new ArrayList<>();
  private static final List<Node> WITHOUT_MIRROR = new ArrayList<>();
  private static final List<Node> PROVIDERS = new ArrayList<>();

  private static Lab lab;

  @BeforeAll
  static void open() {
    lab = Lab.create();
    for (Containerd release : Containerd.values()) {
      WITH_MIRROR.add(lab.node("with-" + lower(release), release));
    }
    // More than a digest has homes, so that some of its homes are none of the nodes that pull.
    for (int i = 1; i <= 3; i++) {
      PROVIDERS.add(lab.node("provider-" + i, Containerd.V24));
    }
    lab.startAgents();
    for (Containerd release : Containerd.values()) {
      WITHOUT_MIRROR.add(lab.node("without-" + lower(release), release));
    }
  }

  private static String lower(Containerd release) {
    return release.name().toLowerCase(Locale.ROOT);
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @Test
  void pullIsNoSlowerThanTheBound() {
    // Given: connections among all nodes, which then lead nowhere.
    Image before = lab.upstream().push(ImageRecipe.named("before:1"));
    Image app = lab.upstream().push(ImageRecipe.named("app:1").layers(4, 2 * MIB));
    for (Node provider : PROVIDERS) {
      provider.pull(before.reference());
      provider.pull(app.reference());
      Providers.await(app, provider);
    }
    assertThat(lab.pullAtOnce(before.reference(), WITH_MIRROR))
        .allMatch(pull -> pull.bytesFromUpstream() < LITTLE);
    WITH_MIRROR.forEach(node -> node.peerLink().drop());

    // When
    List<Pull> without = lab.pullAtOnce(app.reference(), WITHOUT_MIRROR);
    List<Pull> with = lab.pullAtOnce(app.reference(), WITH_MIRROR);

    // Then
    for (int i = 0; i < with.size(); i++) {
      assertThat(with.get(i).bytesFromUpstream()).isGreaterThan(app.bytes());
      assertThat(with.get(i).took())
          .as(WITH_MIRROR.get(i) + ", against " + without.get(i).took() + " without a mirror")
          .isLessThan(without.get(i).took().plus(Deadlines.DEFAULTS.wholePull()).plus(NOISE));
    }
  }
}
