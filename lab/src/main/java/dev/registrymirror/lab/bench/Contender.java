package dev.registrymirror.lab.bench;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.Mirror;
import dev.registrymirror.lab.Node;
import dev.registrymirror.lab.Upstream;
import dev.registrymirror.lab.bench.Figure.Side;
import java.net.URI;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * A kind of mirror on two nodes: the provider holds the images, the puller asks its own mirror.
 *
 * @param port where the mirror listens for containerd
 */
record Contender(
    Side side, Node provider, Node puller, Mirror onProvider, Mirror onPuller, int port) {

  private static final String REPOSITORY = "/v2/bench/";

  /** Starts both mirrors at once, as one alone may not become ready; returns when both are. */
  void start() {
    Stream.of(
            CompletableFuture.runAsync(() -> provider.startMirror(onProvider)),
            CompletableFuture.runAsync(() -> puller.startMirror(onPuller)))
        .toList()
        .forEach(CompletableFuture::join);
  }

  /** Where containerd on the puller asks for a blob. */
  URI blob(Digest digest) {
    return puller.url(port, REPOSITORY + "blobs/" + digest + "?ns=" + Upstream.REGISTRY);
  }

  /**
   * Fetches a blob on the puller, through its mirror, by curl.
   *
   * @param streams at the same time
   * @param times each, one after the other on a connection that is kept
   * @return seconds until the last is done
   */
  double fetch(Digest digest, int streams, int times) {
    // A range of all of it: an agent whose containerd asks for a whole blob a second time takes the
    // first one's bytes for refused, and no longer fetches from that peer.
    String stream =
        "curl --fail --silent --show-error --range 0- "
            + String.join(" ", Collections.nCopies(times, "-o /dev/null '" + blob(digest) + "'"));
    // A background job's failure is told by waiting for that job.
    String all =
        "jobs=; for i in $(seq %d); do %s & jobs=\"$jobs $!\"; done; for j in $jobs; do wait $j || exit 1; done"
            .formatted(streams, stream);
    long start = System.nanoTime();
    puller.run(List.of("sh", "-c", all));
    return (System.nanoTime() - start) / 1e9;
  }

  /** CPU seconds that both mirrors have used since their start. */
  double cpuSeconds() {
    return usage().map(Usage::cpuSeconds).reduce(0.0, Double::sum);
  }

  /** Of each of the two. */
  Stream<Usage> usage() {
    return Stream.of(provider, puller).map(node -> Usage.of(node.mirror()));
  }
}
