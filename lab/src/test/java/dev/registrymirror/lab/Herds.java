package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/**
 * Downloads under way: one for each of several leaders, of an image of one layer, and the same
 * other nodes follow all of them.
 */
final class Herds {

  /** More than what sockets' buffers hold when a fault comes. */
  static final long LAYER = 16 * MIB;

  static final Duration SOON = Duration.ofSeconds(30);

  /** An ingest is there, and empty. */
  static final long NOTHING_YET = 0;

  /** Of three layers; none is whole before its last follower is in the middle of it. */
  private static final String SLOW = "24mbit";

  /** One image's. */
  static final class Herd {
    private final Image image;
    private final Node leader;
    private PullUnderWay led;
    private final List<Node> followers = new ArrayList<>();
    private final List<PullUnderWay> followed = new ArrayList<>();

    private Herd(Image image, Node leader) {
      this.image = image;
      this.leader = leader;
    }

    /** The leader pulls, for the first time or anew. */
    void lead() {
      led = PullUnderWay.begin(leader, image.reference());
    }

    Image image() {
      return image;
    }

    Digest layer() {
      return image.layers().getFirst();
    }

    Node leader() {
      return leader;
    }

    PullUnderWay led() {
      return led;
    }

    /** The leader, and all that follow. */
    List<Node> nodes() {
      return Stream.concat(Stream.of(leader), followers.stream()).distinct().toList();
    }

    /** The pulls of those that follow, in the order of their coming. */
    List<PullUnderWay> followed() {
      return followed;
    }

    /** One more pulls it. */
    void join(Node follower) {
      followers.add(follower);
      followed.add(PullUnderWay.begin(follower, image.reference()));
    }

    /** Returns when the node has so much of the layer at least. */
    void awaitIngested(Node node, long bytes) {
      Await.until(
          node + " has " + bytes + " bytes of " + layer(),
          SOON,
          () -> node.holds(layer()) || ingested(node) >= bytes);
    }

    private long ingested(Node node) {
      return node.ingest(layer()).map(data -> data.toFile().length()).orElse(-1L);
    }

    /** The pulls of all that follow. */
    List<Pull> end() {
      return followed.stream().map(PullUnderWay::end).toList();
    }

    /** What upstream was asked for the layer, and gave. */
    Stream<UpstreamRequest> downloads() {
      return leader.lab().upstream().requests().stream()
          .filter(asked -> asked.reference().equals(layer().toString()))
          .filter(asked -> asked.status() < 300);
    }
  }

  private final Lab lab;
  private final List<Herd> all = new ArrayList<>();
  private final long sentBefore;

  private Herds(Lab lab) {
    this.lab = lab;
    this.sentBefore = lab.upstream().bytesSent();
  }

  /** An image for each leader. */
  static Herds push(String name, Lab lab, Collection<Node> leaders) {
    Herds herds = new Herds(lab);
    for (Node leader : leaders) {
      ImageRecipe recipe = ImageRecipe.named(name + "-" + leader + ":1").layers(1, LAYER);
      herds.all.add(new Herd(lab.upstream().push(recipe), leader));
    }
    return herds;
  }

  /** Each leader pulls its image, slowly; returns when all have so many bytes of the layer. */
  Herds lead(long bytes) {
    lab.upstream().limit(SLOW);
    all.forEach(Herd::lead);
    all.forEach(herd -> herd.awaitIngested(herd.leader, bytes));
    return this;
  }

  /** The others follow; returns when all are in the middle of the layers. */
  Herds follow(Collection<Node> followers) {
    all.forEach(herd -> followers.forEach(herd::join));
    all.forEach(herd -> followers.forEach(follower -> herd.awaitIngested(follower, 2 * MIB)));
    return this;
  }

  List<Herd> all() {
    return all;
  }

  /** Whether it is a leader that has asked upstream for its layer. */
  boolean isLeaders(UpstreamRequest asked) {
    return all.stream()
        .anyMatch(
            herd ->
                asked.node().equals(herd.leader.name())
                    && asked.reference().equals(herd.layer().toString()));
  }

  /** Lets upstream be as fast as it is. */
  void hurry() {
    lab.upstream().unlimit();
  }

  /** Waits for the end of all pulls, the leaders' too; each must succeed. */
  void endAll() {
    for (Herd herd : all) {
      herd.end();
      herd.led().end();
    }
  }

  /** Bytes that upstream has sent since the beginning, in units of all images. */
  double downloads() {
    long sent = lab.upstream().bytesSent() - sentBefore;
    return (double) sent / all.stream().mapToLong(herd -> herd.image.bytes()).sum();
  }
}
