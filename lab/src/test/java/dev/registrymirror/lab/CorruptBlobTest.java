package dev.registrymirror.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.cri.PullFailed;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.tools.Containerd;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A node's copy of a layer has gone bad: it spoils one pull at most. */
@NeedsLab
class CorruptBlobTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  private static Lab lab;
  private static Node provider;

  @BeforeAll
  static void open() {
    lab = Lab.create();
    for (Containerd release : Containerd.values()) {
      lab.node(name(release), release);
    }
    provider = lab.node("provider", Containerd.V24);
    lab.startAgents();
  }

  private static String name(Containerd release) {
    return release.name().toLowerCase(Locale.ROOT);
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @ParameterizedTest
  @EnumSource
  void nextPullSucceedsAndTheCopyIsWithdrawn(Containerd release) {
    // Given
    Node puller = lab.nodes().get(release.ordinal());
    Image app = lab.upstream().push(ImageRecipe.named("corrupt-" + name(release) + ":1"));
    Digest bad = app.layers().getFirst();
    provider.pull(app.reference());
    Providers.await(app, provider);
    provider.corrupt(bad);

    // When: containerd finds out at the end, and goes to no other host then.
    assertThatThrownBy(() -> puller.pull(app.reference()))
        .isInstanceOf(PullFailed.class)
        .hasMessageContaining(bad.toString());

    // Then: a next pull, as kubelet tries them, asks again, and the provider looks at its copy.
    Await.until("a next pull succeeds", SOON, () -> succeeds(puller, app, bad));
    assertThat(puller.images()).contains(app.reference());
    Providers.awaitNone(bad, provider);
    Providers.await(bad, puller);
  }

  // Until its garbage collection takes the bad bytes, containerd commits them again without asking.
  private static boolean succeeds(Node puller, Image image, Digest bad) {
    try {
      puller.pull(image.reference());
      return true;
    } catch (PullFailed e) {
      assertThat(e).hasMessageContaining(bad.toString());
      return false;
    }
  }
}
