package dev.registrymirror.lab.bench;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.AgentMirror;
import dev.registrymirror.lab.Node;
import dev.registrymirror.lab.Upstream;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.Http;
import java.time.Duration;

/**
 * A node that leads although upstream does not answer it, not even its SYNs. Such a node cannot
 * resolve a tag upstream: it comes so far only where another node knows the tag and has the
 * manifest and the config, but not the layers.
 */
final class BlackHole {

  private static final Duration BOUND = Duration.ofSeconds(60);
  private static final String LEFT_TO_UPSTREAM =
      "registry_mirror_requests_total{kind=\"blob\",registry=\"%s\",result=\"upstream\"}"
          .formatted(Upstream.REGISTRY);

  private BlackHole() {}

  /** Has {@code helper} hold the image but for its layers, and {@code node} know that. */
  static void prepare(Image image, Node helper, Node node) {
    helper.pull(image.reference());
    try (Http http = new Http()) {
      awaitFound(http, node, image, image.layers().getFirst(), true);
      for (Digest layer : image.layers()) {
        helper.ctr("content", "rm", layer.toString());
      }
      for (Digest layer : image.layers()) {
        awaitFound(http, node, image, layer, false);
      }
    }
    node.upstreamLink().drop();
  }

  private static void awaitFound(
      Http http, Node node, Image image, Digest digest, boolean expected) {
    String path = "/v2/" + image.repository() + "/blobs/" + digest + "?ns=" + image.registry();
    Await.until(
        node + (expected ? " finds " : " no longer finds ") + digest,
        BOUND,
        () -> http.has(node.url(AgentMirror.REGISTRY_PORT, path)) == expected);
  }

  /** Returns when the node's pull has come to a layer and its mirror has sent it upstream. */
  static void awaitLead(Node node) {
    Await.until(
        node + " leads",
        BOUND,
        () -> node.get(AgentMirror.METRICS_PORT, "/metrics").contains(LEFT_TO_UPSTREAM));
  }
}
