package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;

import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Pulls from peers that several nodes have begun, and that are in the middle of a layer. */
final class PullsUnderWay {

  /** More than what sockets' buffers hold when a fault comes. */
  static final long LAYER = 12 * MIB;

  /** What each node has at least when {@link #begin} returns. */
  static final long MID_BLOB = 2 * MIB;

  private static final Duration SOON = Duration.ofSeconds(20);

  /** So that no layer is whole before the last is begun: it would take eight seconds. */
  private static final String SLOW = "12mbit";

  private final Map<Node, CompletableFuture<Pull>> pulls = new LinkedHashMap<>();

  private PullsUnderWay() {}

  /** An image of one layer for each node; one for all they would have from each other. */
  static Map<Node, Image> push(String name, Collection<Node> pullers) {
    Map<Node, Image> images = new LinkedHashMap<>();
    for (Node puller : pullers) {
      ImageRecipe recipe = ImageRecipe.named(name + "-" + puller + ":1").layers(1, LAYER);
      images.put(puller, puller.lab().upstream().push(recipe));
    }
    return images;
  }

  /** Pulls each image on its node; returns when all of them are in the middle of their layer. */
  static PullsUnderWay begin(Map<Node, Image> images) {
    PullsUnderWay underWay = new PullsUnderWay();
    images.forEach(
        (node, image) -> {
          node.peerLink().limit(SLOW);
          underWay.pulls.put(node, inBackground(node, image));
        });
    images
        .keySet()
        .forEach(
            node ->
                Await.until(
                    node + " is in the middle of its layer",
                    SOON,
                    () -> node.ingested() >= MID_BLOB));
    return underWay;
  }

  private static CompletableFuture<Pull> inBackground(Node node, Image image) {
    return CompletableFuture.supplyAsync(
        () -> node.pull(image.reference()), pull -> Thread.ofVirtual().start(pull));
  }

  /** Lets links be as fast as they are, and waits for the end. */
  Map<Node, Pull> end() {
    pulls.keySet().forEach(node -> node.peerLink().unlimit());
    Map<Node, Pull> ended = new LinkedHashMap<>();
    pulls.forEach((node, pull) -> ended.put(node, pull.join()));
    return ended;
  }
}
