package dev.registrymirror.lab;

import static dev.registrymirror.lab.PullsUnderWay.LAYER;
import static dev.registrymirror.lab.PullsUnderWay.MID_BLOB;
import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.tools.Containerd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A peer fails in the middle of a blob, while every release of containerd pulls from it: the pull
 * goes on where it was.
 */
@NeedsLab
class PeerFaultsTest {

  private static final long LITTLE = 100_000;

  /**
   * The fault is noticed within {@link Deadlines#stall}; the rest is the layer itself, on a busy
   * machine. containerd alone would wait for more than five minutes.
   */
  private static final Duration BOUND = Deadlines.DEFAULTS.stall().plus(Duration.ofSeconds(30));

  private static final List<Node> PULLERS = new ArrayList<>();

  private static Lab lab;
  private static Node near;
  private static Node far;

  /** What befalls the node that sends. */
  enum Fault {
    /** Its agent is gone, its connections are closed. */
    KILLED,
    /** Its agent keeps its connections, and is silent. */
    STALLED,
    /** It cannot be reached any more, and no connection is closed. */
    CUT_OFF;

    void befall(Node node) {
      switch (this) {
        case KILLED -> node.mirror().kill();
        case STALLED -> node.mirror().stall();
        case CUT_OFF -> node.peerLink().drop();
      }
    }
  }

  @BeforeAll
  static void open() {
    lab = Lab.create();
    for (Containerd release : Containerd.values()) {
      PULLERS.add(lab.node(lower(release), NodeOptions.of(release).zone("a")));
    }
    near = lab.node("near", NodeOptions.of(Containerd.V24).zone("a"));
    far = lab.node("far", NodeOptions.of(Containerd.V24).zone("b"));
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  // New agents each time: they remember for a minute which peer has failed.
  @BeforeEach
  void startAgents() {
    lab.startAgents();
  }

  @AfterEach
  void endAgents() {
    near.peerLink().restore();
    lab.nodes().forEach(node -> node.mirror().kill());
    lab.upstream().forgetRequests();
  }

  @ParameterizedTest
  @EnumSource
  void goesOnFromAnotherPeer(Fault fault) {
    // Given: images that two nodes have; the near one is asked first.
    Map<Node, Image> images = PullsUnderWay.push("another-" + lower(fault), PULLERS);
    hold(images.values(), near);
    hold(images.values(), far);
    long farBefore = far.peerLink().sent();
    PullsUnderWay underWay = PullsUnderWay.begin(images);

    // When
    fault.befall(near);

    // Then: each layer comes in two parts, nothing from upstream, and little of it twice.
    underWay
        .end()
        .forEach(
            (puller, pull) -> {
              assertThat(puller.images()).contains(images.get(puller).reference());
              assertThat(pull.took()).isLessThan(BOUND);
              assertThat(pull.bytesFromPeers()).isBetween(LAYER, LAYER * 5 / 4);
              assertThat(pull.bytesFromUpstream()).isLessThan(LITTLE);
            });
    assertThat(far.peerLink().sent() - farBefore)
        .isBetween(PULLERS.size() * MIB, PULLERS.size() * (LAYER - MIB));
    assertThat(lab.upstream().requests()).extracting(UpstreamRequest::method).containsOnly("HEAD");
  }

  @ParameterizedTest
  @EnumSource
  void goesOnUpstreamWhereNoOtherPeerHasIt(Fault fault) {
    // Given
    Map<Node, Image> images = PullsUnderWay.push("alone-" + lower(fault), PULLERS);
    hold(images.values(), near);
    PullsUnderWay underWay = PullsUnderWay.begin(images);

    // When
    fault.befall(near);

    // Then: upstream is asked once for each layer, for what is missing of it.
    underWay
        .end()
        .forEach(
            (puller, pull) -> {
              Image image = images.get(puller);
              assertThat(puller.images()).contains(image.reference());
              assertThat(pull.took()).isLessThan(BOUND);
              assertThat(pull.bytesFromPeers()).isGreaterThan(MID_BLOB);
              assertThat(pull.bytesFromUpstream()).isBetween(MIB, LAYER);
              assertThat(lab.upstream().requests())
                  .filteredOn(asked -> asked.reference().equals(layer(image)))
                  .singleElement()
                  .satisfies(
                      asked -> {
                        assertThat(asked.status()).isEqualTo(206);
                        assertThat(offset(asked.range())).isGreaterThanOrEqualTo(MID_BLOB);
                      });
            });
  }

  private static String layer(Image image) {
    return image.layers().getFirst().toString();
  }

  private static long offset(String range) {
    return Long.parseLong(range.replaceAll("bytes=(\\d+)-.*", "$1"));
  }

  private static void hold(Collection<Image> images, Node provider) {
    images.forEach(image -> provider.pull(image.reference()));
    images.forEach(image -> Providers.await(image, provider));
    lab.upstream().forgetRequests();
  }
}
