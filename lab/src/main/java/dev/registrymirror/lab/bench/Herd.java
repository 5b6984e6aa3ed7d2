package dev.registrymirror.lab.bench;

import static dev.registrymirror.lab.bench.Bench.say;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.Node;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.machine.LabException;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntToLongFunction;
import java.util.stream.Stream;

/** Nodes that pull one image, from the first's request to the last's end. To be used once. */
final class Herd {

  /** Between two looks at what the nodes have on their disks: how exact the last byte's time is. */
  private static final Duration LOOK = Duration.ofMillis(20);

  private final List<Node> nodes;
  private final Image image;
  private final Fault fault;
  private final IntToLongFunction startSeconds;

  private final Map<Node, Received> before = new LinkedHashMap<>();
  private final Map<Node, CompletableFuture<Void>> pulls = new LinkedHashMap<>();
  private final Map<Node, Double> lastBytes = new LinkedHashMap<>();
  private final Map<Node, Double> ends = new ConcurrentHashMap<>();
  private volatile long start;
  private Node struck;

  /** Bytes that came in on a node's links. */
  private record Received(long upstream, long peers) {
    static Received of(Node node) {
      return new Received(node.upstreamLink().received(), node.peerLink().received());
    }

    Received minus(Received other) {
      return new Received(upstream - other.upstream, peers - other.peers);
    }
  }

  /**
   * @param startSeconds when the node of that index begins
   */
  Herd(List<Node> nodes, Image image, Fault fault, IntToLongFunction startSeconds) {
    this.nodes = nodes;
    this.image = image;
    this.fault = fault;
    this.startSeconds = startSeconds;
  }

  /**
   * Pulls on all nodes; pulls may fail.
   *
   * @throws LabException where bytes do not add up, or a fault did not come
   */
  HerdFigures run() {
    nodes.forEach(node -> before.put(node, Received.of(node)));
    if (fault == Fault.BLACK_HOLED) {
      struck = nodes.getFirst();
      begin(struck, 0);
      BlackHole.awaitLead(struck);
    }
    Cpu cpu = Cpu.now();
    start = System.nanoTime();
    for (int i = 0; i < nodes.size(); i++) {
      if (!pulls.containsKey(nodes.get(i))) {
        begin(nodes.get(i), startSeconds.applyAsLong(i));
      }
    }
    while (!awaited().allMatch(node -> pulls.get(node).isDone())) {
      look();
      LockSupport.parkNanos(LOOK.toNanos());
    }
    return figures(Cpu.now().idleSince(cpu));
  }

  private void begin(Node node, long delaySeconds) {
    Executor later =
        CompletableFuture.delayedExecutor(
            delaySeconds, TimeUnit.SECONDS, pull -> Thread.ofVirtual().start(pull));
    pulls.put(
        node,
        CompletableFuture.runAsync(() -> node.pull(image.reference()), later)
            .thenRun(() -> ends.put(node, seconds())));
  }

  private double seconds() {
    return (System.nanoTime() - start) / 1e9;
  }

  /** All but one whose pull does not count. */
  private Stream<Node> awaited() {
    return nodes.stream().filter(node -> !(fault.losesLeader && node.equals(struck)));
  }

  private void look() {
    long most = 0;
    for (Node node : nodes) {
      if (!lastBytes.containsKey(node)) {
        long fetched = fetched(node);
        most = Math.max(most, fetched);
        if (fetched >= image.bytes()) {
          lastBytes.put(node, seconds());
        }
      }
    }
    if (fault.isMidway() && struck == null && most >= image.bytes() * fault.after) {
      struck = leader();
      fault.strike(struck);
      say("%s at %.1f s: %s".formatted(fault, seconds(), struck));
    }
  }

  /** What is committed first: a blob that is committed meanwhile counts once at most. */
  private long fetched(Node node) {
    long committed = 0;
    for (Digest blob : image.blobs()) {
      committed += node.blob(blob).toFile().length();
    }
    return committed + node.ingested();
  }

  private Node leader() {
    return nodes.stream()
        .max(Comparator.comparingLong(node -> received(node).upstream()))
        .orElseThrow();
  }

  private Received received(Node node) {
    return Received.of(node).minus(before.get(node));
  }

  private HerdFigures figures(double idle) {
    if (fault != Fault.NONE && struck == null) {
      throw new LabException(fault + " did not come before the end");
    }
    List<Node> succeeded = awaited().filter(this::hasSucceeded).toList();
    if (succeeded.isEmpty()) {
      throw new LabException("no pull succeeded");
    }
    long upstream = 0;
    for (Node node : nodes) {
      Received received = received(node);
      upstream += received.upstream();
      if (succeeded.contains(node) && received.upstream() + received.peers() < image.bytes()) {
        throw new LabException(node + " has " + image.bytes() + " bytes of " + received);
      }
    }
    return new HerdFigures(
        upstream,
        last(succeeded.stream().map(node -> lastBytes.getOrDefault(node, ends.get(node)))),
        last(succeeded.stream().map(ends::get)),
        ends.getOrDefault(nodes.getFirst(), Double.NaN),
        last(succeeded.stream().filter(node -> !node.equals(struck)).map(ends::get)),
        idle,
        (int) awaited().count() - succeeded.size(),
        nodes.stream()
            .filter(Node::hasMirror)
            .mapToDouble(node -> Usage.of(node.mirror()).peakMiB())
            .max()
            .orElse(0));
  }

  private static double last(Stream<Double> seconds) {
    return seconds.max(Comparator.naturalOrder()).orElse(Double.NaN);
  }

  private boolean hasSucceeded(Node node) {
    try {
      pulls.get(node).join();
      return true;
    } catch (CompletionException e) {
      say(node + "'s pull failed: " + e.getCause().getMessage());
      return false;
    }
  }
}
