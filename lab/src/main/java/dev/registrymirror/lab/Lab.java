package dev.registrymirror.lab;

import dev.registrymirror.lab.images.ImagePusher;
import dev.registrymirror.lab.machine.Daemon;
import dev.registrymirror.lab.machine.Ending;
import dev.registrymirror.lab.machine.Http;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.machine.Ledger;
import dev.registrymirror.lab.machine.Link;
import dev.registrymirror.lab.machine.Network;
import dev.registrymirror.lab.machine.Network.Side;
import dev.registrymirror.lab.tools.Containerd;
import dev.registrymirror.lab.tools.ToolMissing;
import dev.registrymirror.lab.tools.Tools;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

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

  private static final int REGISTRY_HOST = 2;
  private static final int FIRST_NODE_HOST = 11;
  private static final int MAX_NODES = 240;
  private static final int REGISTRY_PORT = 5000;

  private final Instant started = Instant.now();
  private final Tools tools;
  private final Remains remains;
  private final Ledger ledger;
  private final Network network;
  // Upstream's threads look nodes up while tests add them.
  private final List<Node> nodes = new CopyOnWriteArrayList<>();
  private final EventLoopGroup eventLoops =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final Http http = new Http();
  private final Ending ending;
  private Front front;
  private Upstream upstream;

  private Lab(Tools tools, Remains remains, boolean ipv6) {
    this.tools = tools;
    this.remains = remains;
    this.ledger = remains.workspace().processes();
    this.network = new Network(remains.id(), ipv6);
    this.ending = new Ending("end-of-lab", this::end);
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
    Lab lab =
        new Lab(
            Tools.prepare(),
            Remains.claim(options.root(), ProcessHandle.current()),
            options.ipv6());
    try {
      lab.open();
      return lab;
    } catch (RuntimeException e) {
      lab.close();
      throw e;
    }
  }

  private void open() {
    network.open();
    String namespace = network.namespace("registry");
    network.addNamespace(namespace);
    network.join(namespace, Side.PEERS, REGISTRY_HOST, "eth0");
    URI registry = startRegistry(namespace);
    InetSocketAddress frontAddress =
        new InetSocketAddress(network.machineAddress(Side.UPSTREAM), REGISTRY_PORT);
    front = new Front(frontAddress, registry, this::nodeByAddress);
    front.open();
    upstream =
        new Upstream(
            http(network.machineAddress(Side.UPSTREAM), REGISTRY_PORT),
            front,
            new ImagePusher(Upstream.REGISTRY, registry),
            network.machine(Side.UPSTREAM),
            this::nodes);
  }

  private URI startRegistry(String namespace) {
    URI address = http(network.address(Side.PEERS, REGISTRY_HOST), REGISTRY_PORT);
    Path config = directory().resolve("registry.yml");
    String yaml =
        """
        version: 0.1
        log: {level: warn, accesslog: {disabled: true}}
        storage: {filesystem: {rootdirectory: "%s"}, delete: {enabled: true}}
        http: {addr: "%s"}
        """
            .formatted(directory().resolve("registry"), address.getAuthority());
    try {
      Files.writeString(config, yaml);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<String> command = List.of(tools.registry().toString(), "serve", config.toString());
    Path log = directory().resolve("registry.log");
    Daemon registry =
        Daemon.start("registry", ledger, log, Map.of(), Daemon.inside(namespace, command));
    registry.awaitReady(() -> http.answers(address.resolve("/v2/")));
    return address;
  }

  private static URI http(String address, int port) {
    return URI.create(
        "http://" + (address.contains(":") ? "[" + address + "]" : address) + ":" + port);
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
    if (isTaken || !name.matches("[a-z0-9-]+") || nodes.size() >= MAX_NODES) {
      throw new IllegalArgumentException("no name for one more node: " + name);
    }
    Path containerd = tools.containerd(options.containerd());
    int host = FIRST_NODE_HOST + nodes.size();
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
    atOnce(
        nodes.stream().filter(node -> !node.hasMirror()).toList(), node -> node.startMirror(kind));
  }

  /** Pulls on all these nodes at the same moment; the results are in the order of the nodes. */
  public List<Pull> pullAtOnce(String reference, Collection<Node> where) {
    return atOnce(where, node -> node.pull(reference));
  }

  private interface OnNode<T> {
    T of(Node node);
  }

  private static <T> List<T> atOnce(Collection<Node> nodes, OnNode<T> action) {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<T>> futures = new ArrayList<>();
      nodes.forEach(node -> futures.add(threads.submit(() -> action.of(node))));
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(future.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new LabException("on a node", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted", e);
    }
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
    return remains.directory();
  }

  /** Lets {@link LabDown} end it. */
  void keep() {
    remains.keep();
  }

  /**
   * The newest containerd that can be had on this machine.
   *
   * @throws ToolMissing where none can
   */
  public Containerd newestContainerd() {
    List<Containerd> containerds = tools.containerds();
    if (containerds.isEmpty()) {
      throw new ToolMissing("no containerd can be had here; install Go, which builds one");
    }
    return containerds.getLast();
  }

  Http http() {
    return http;
  }

  Ledger ledger() {
    return ledger;
  }

  EventLoopGroup eventLoops() {
    return eventLoops;
  }

  /**
   * Ends everything that the lab started; nothing of it is left on the machine, but for copies of
   * the logs where the system property {@code lab.logs} names a directory for them.
   */
  @Override
  public void close() {
    ending.close();
  }

  private void end() {
    nodes.forEach(Node::close);
    eventLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    if (front != null) {
      front.close();
    }
    http.close();
    remains.workspace().keepLogs(started);
    remains.remove();
  }
}
