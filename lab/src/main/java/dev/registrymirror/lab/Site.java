package dev.registrymirror.lab;

import dev.registrymirror.lab.images.ImagePusher;
import dev.registrymirror.lab.machine.Daemon;
import dev.registrymirror.lab.machine.Ending;
import dev.registrymirror.lab.machine.Http;
import dev.registrymirror.lab.machine.Ledger;
import dev.registrymirror.lab.machine.Link;
import dev.registrymirror.lab.machine.Network;
import dev.registrymirror.lab.machine.Network.Side;
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
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * What a lab and a cluster stand on: a number that none else has, with a directory, networks and
 * the upstream registry. All that is started on it ends with it, also when the JVM is interrupted;
 * after a crash of the JVM, {@link LabDown} ends it.
 */
public final class Site implements AutoCloseable {

  /** Hosts on each side from this one on are nodes'. */
  public static final int FIRST_NODE_HOST = 11;

  /** So many nodes have an address. */
  public static final int MAX_NODES = 240;

  private static final int REGISTRY_HOST = 2;
  private static final int REGISTRY_PORT = 5000;

  private final Instant started = Instant.now();
  private final Tools tools;
  private final Remains remains;
  private final Ledger ledger;
  private final Network network;
  private final EventLoopGroup eventLoops =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final Http http = new Http();
  private final Ending ending;
  private Front front;

  private Site(Tools tools, Remains remains, boolean ipv6, Runnable beforeEnd) {
    this.tools = tools;
    this.remains = remains;
    this.ledger = remains.workspace().processes();
    this.network = new Network(remains.id(), ipv6);
    this.ending =
        new Ending(
            "end-of-lab",
            () -> {
              beforeEnd.run();
              end();
            });
  }

  /**
   * Takes one and makes its networks.
   *
   * @param beforeEnd closes what its user has on it
   * @throws ToolMissing where this machine cannot have one
   */
  public static Site open(LabOptions options, Runnable beforeEnd) {
    Tools tools = Tools.prepare();
    Remains remains = Remains.claim(options.root(), ProcessHandle.current());
    Site site = new Site(tools, remains, options.ipv6(), beforeEnd);
    try {
      site.network.open();
      return site;
    } catch (RuntimeException e) {
      site.close();
      throw e;
    }
  }

  /**
   * Starts the registry.
   *
   * @param nodeByAddress who has an address of the upstream side
   * @param links the nodes', to upstream
   */
  public Upstream openUpstream(
      UnaryOperator<String> nodeByAddress, Supplier<Collection<Link>> links) {
    String namespace = network.namespace("registry");
    network.addNamespace(namespace);
    network.join(namespace, Side.PEERS, REGISTRY_HOST, "eth0");
    URI registry = startRegistry(namespace);
    InetSocketAddress frontAddress =
        new InetSocketAddress(network.machineAddress(Side.UPSTREAM), REGISTRY_PORT);
    front = new Front(frontAddress, registry, nodeByAddress);
    front.open();
    return new Upstream(
        http(network.machineAddress(Side.UPSTREAM), REGISTRY_PORT),
        front,
        new ImagePusher(Upstream.REGISTRY, registry),
        tools::skopeo,
        network.machine(Side.UPSTREAM),
        links);
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

  public Tools tools() {
    return tools;
  }

  /** Where its files are: configurations, logs, content stores. */
  public Path directory() {
    return remains.directory();
  }

  /** Where to record what is started on it. */
  public Ledger ledger() {
    return ledger;
  }

  public Network network() {
    return network;
  }

  public Http http() {
    return http;
  }

  public EventLoopGroup eventLoops() {
    return eventLoops;
  }

  /** Lets {@link LabDown} end it. */
  void keep() {
    remains.keep();
  }

  /**
   * Ends everything on it; nothing of it is left on the machine, but for copies of the logs where
   * the system property {@code lab.logs} names a directory for them.
   */
  @Override
  public void close() {
    ending.close();
  }

  private void end() {
    eventLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    if (front != null) {
      front.close();
    }
    http.close();
    remains.workspace().keepLogs(started);
    remains.remove();
  }
}
