package dev.registrymirror.lab;

import dev.registrymirror.lab.machine.AtOnce;
import dev.registrymirror.lab.machine.Http;
import dev.registrymirror.lab.machine.Ledger;
import dev.registrymirror.lab.machine.Link;
import dev.registrymirror.lab.machine.Network;
import dev.registrymirror.lab.machine.Network.Side;
import dev.registrymirror.lab.tools.Containerd;
import dev.registrymirror.lab.tools.ToolMissing;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Several nodes and their upstream registry on this machine, in network namespaces.
 *
 * <pre>{@code
 * try (Lab lab = Lab.create()) {
 *   Image app = lab.upstream().push(ImageRecipe.named("app:1").layers(2, 10 * MIB));
 *   Node n1 = lab.node("n1", Containerd.V24);
 *   Node n2 = lab.node("n2", Containerd.V16);
 *   lab.startAgents();
 *   n1.pull(app.reference());
 *   lab.upstream().refuseConnections();
 *   n2.pull(app.reference());
 * }
 * }</pre>
 *
 * <p>Labs do not collide: each has a number that its directory, namespaces, links and subnets
 * carry. All it starts ends with {@link #close()}, also when the JVM is interrupted; after a crash
 * of the JVM, {@link LabDown} does it.
 */
public final class Lab implements AutoCloseable {

  private final Site site;
  // Upstream's threads look nodes up while tests add them.
  private final List<Node> nodes = new CopyOnWriteArrayList<>();
  private Upstream upstream;

  private Lab(LabOptions options) {
    this.site = Site.open(options, () -> nodes.forEach(Node::close));
  }

  /** A lab with the default options. */
  public static Lab create() {
    return create(LabOptions.defaults());
  }

  /**
   * A lab with its upstream, and no node yet.
   *
   * @throws ToolMissing where this machine cannot have one
   */
  public static Lab create(LabOptions options) {
    Lab lab = new Lab(options);
    try {
      lab.upstream =
          lab.site.openUpstream(
              lab::nodeByAddress, () -> lab.nodes.stream().map(Node::upstreamLink).toList());
      return lab;
    } catch (RuntimeException e) {
      lab.close();
      throw e;
    }
  }

  /** The registry that all nodes pull from. */
  public Upstream upstream() {
    return upstream;
  }

  /** Adds a node with that containerd and its defaults; returns when it can pull. */
  public Node node(String name, Containerd containerd) {
    return node(name, NodeOptions.of(containerd));
  }

  /**
   * Adds a node; returns when it can pull.
   *
   * @param name letters, digits and dashes, this node's alone
   * @throws ToolMissing where its containerd cannot be had here
   */
  public Node node(String name, NodeOptions options) {
    boolean isTaken = nodes.stream().anyMatch(node -> node.name().equals(name));
    if (isTaken || !name.matches("[a-z0-9-]+") || nodes.size() >= Site.MAX_NODES) {
      throw new IllegalArgumentException("no name for one more node: " + name);
    }
    Path containerd = site.tools().containerd(options.containerd());
    Network network = site.network();
    int host = Site.FIRST_NODE_HOST + nodes.size();
    String namespace = network.namespace("node-" + name);
    network.addNamespace(namespace);
    Link peerLink = network.join(namespace, Side.PEERS, host, "eth0");
    Link upstreamLink = network.join(namespace, Side.UPSTREAM, host, "up0");
    Node.Place place =
        new Node.Place(
            namespace,
            network.address(Side.PEERS, host),
            network.address(Side.UPSTREAM, host),
            peerLink,
            upstreamLink);
    Node node =
        new Node(this, name, options, place, directory().resolve("node-" + name), containerd);
    nodes.add(node);
    node.prepare();
    node.startContainerd();
    return node;
  }

  /** All nodes, in the order of their making. */
  public List<Node> nodes() {
    return List.copyOf(nodes);
  }

  /** Starts the project's own mirror on every node that has none; returns when all are ready. */
  public void startAgents(String... serveOptions) {
    startMirrors(new AgentMirror(List.of(serveOptions), List.of()));
  }

  /** The same with any kind of mirror: all at once, as one alone may not become ready. */
  public void startMirrors(Mirror kind) {
    AtOnce.each(
        nodes.stream().filter(node -> !node.hasMirror()).toList(), node -> node.startMirror(kind));
  }

  /** Pulls on all these nodes at the same moment; the results are in the order of the nodes. */
  public List<Pull> pullAtOnce(String reference, Collection<Node> where) {
    return AtOnce.each(where, node -> node.pull(reference));
  }

  private String nodeByAddress(String address) {
    return nodes.stream()
        .filter(node -> node.isAt(address))
        .map(Node::name)
        .findFirst()
        .orElse(address);
  }

  /** Where its files are: configurations, logs, content stores. */
  public Path directory() {
    return site.directory();
  }

  /** Lets {@link LabDown} end it. */
  void keep() {
    site.keep();
  }

  /**
   * The newest containerd that can be had on this machine.
   *
   * @throws ToolMissing where none can
   */
  public Containerd newestContainerd() {
    List<Containerd> containerds = site.tools().containerds();
    if (containerds.isEmpty()) {
      throw new ToolMissing("no containerd can be had here; install Go, which builds one");
    }
    return containerds.getLast();
  }

  Http http() {
    return site.http();
  }

  Ledger ledger() {
    return site.ledger();
  }

  EventLoopGroup eventLoops() {
    return site.eventLoops();
  }

  /**
   * Ends everything that the lab started; nothing of it is left on the machine, but for copies of
   * the logs where the system property {@code lab.logs} names a directory for them.
   */
  @Override
  public void close() {
    site.close();
  }
}
