package dev.registrymirror.lab.cluster;

import dev.registrymirror.lab.LabOptions;
import dev.registrymirror.lab.Site;
import dev.registrymirror.lab.Upstream;
import dev.registrymirror.lab.images.BusyboxArchive;
import dev.registrymirror.lab.machine.AtOnce;
import dev.registrymirror.lab.machine.Authority.Identity;
import dev.registrymirror.lab.machine.Cgroups;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.machine.Link;
import dev.registrymirror.lab.machine.Network;
import dev.registrymirror.lab.machine.Network.Side;
import dev.registrymirror.lab.tools.Containerd;
import dev.registrymirror.lab.tools.KubernetesTools;
import dev.registrymirror.lab.tools.ToolMissing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Kubernetes with nodes on this machine: a control plane, and nodes with kubelet, containerd and
 * kube-proxy, each in namespaces of its own; and the lab's registry, which all nodes pull from.
 *
 * <pre>{@code
 * try (Cluster cluster = Cluster.create(ClusterOptions.nodes(3))) {
 *   String image = cluster.pushBusybox("app:1", Map.of());
 *   cluster.apply(daemonSet(image));
 *   cluster.node("n1").restartContainerd();
 *   cluster.upstream().refuseConnections();
 * }
 * }</pre>
 *
 * <p>This process reaches the API server, and what listens on a node's own address: hostPorts, pods
 * in the host's network. Pods reach each other, services, and upstream. There is no DNS in it.
 *
 * <p>All it starts ends with {@link #close()}, also when the JVM is interrupted; after a crash of
 * the JVM, {@code make lab-down} does it. Where the system property {@code lab.logs} names a
 * directory, copies of the logs are put there.
 */
public final class Cluster extends Kubernetes {

  /** Of pods: addresses that are used nowhere but inside. */
  static final String PODS = "10.244.0.0/16";

  private static final int CONTROL_PLANE_HOST = 3;
  private static final List<Integer> PORTS = List.of(6443, 2379, 2380);
  private static final String UPSTREAM_LINK = "up0";
  private static final Duration NETWORK_BOUND = Duration.ofSeconds(30);

  private final KubernetesTools tools = KubernetesTools.prepare();
  private final List<ClusterNode> nodes = new CopyOnWriteArrayList<>();
  private final Site site;
  private Upstream upstream;
  private Programs programs;

  private Cluster(ClusterOptions options) {
    site =
        Site.open(new LabOptions(false, options.root()), () -> nodes.forEach(ClusterNode::close));
  }

  /**
   * A cluster whose nodes are Ready and whose controllers are at work.
   *
   * @throws ToolMissing where this machine cannot have one
   * @throws LabException where it is not so within a minute
   */
  public static Cluster create(ClusterOptions options) {
    if (options.nodes().size() > Site.MAX_NODES) {
      throw new IllegalArgumentException("at most " + Site.MAX_NODES + " nodes");
    }
    Cluster cluster = new Cluster(options);
    try {
      cluster.open(options.nodes());
      return cluster;
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  private void open(List<ClusterNodeOptions> wanted) {
    upstream =
        site.openUpstream(
            this::nodeByAddress, () -> nodes.stream().map(ClusterNode::upstreamLink).toList());
    List<User> kubelets =
        IntStream.rangeClosed(1, wanted.size()).mapToObj(i -> User.node(nodeName(i))).toList();
    User proxy = User.component("kube-proxy");
    String namespace = site.network().namespace("control-plane");
    site.network().addNamespace(namespace);
    site.network().join(namespace, Side.PEERS, CONTROL_PLANE_HOST, "eth0");
    addRoutes(namespace, wanted.size(), 0);
    Programs.Place place =
        new Programs.Place(
            site.directory(),
            site.ledger(),
            site.network().address(Side.PEERS, CONTROL_PLANE_HOST),
            PORTS,
            command ->
                Stream.concat(
                        Stream.of("nsenter", "--net=/run/netns/" + namespace), command.stream())
                    .toList());
    programs =
        new Programs(tools, place, Stream.concat(kubelets.stream(), Stream.of(proxy)).toList());
    Path pause = busybox(NodeFiles.PAUSE_IMAGE, Map.of());
    for (int i = 1; i <= wanted.size(); i++) {
      ClusterNodeOptions options = wanted.get(i - 1);
      nodes.add(node(i, options, wanted.size(), pause, kubelets.get(i - 1), proxy));
    }
    // Containerds start while the API server does.
    List<Runnable> starts = new ArrayList<>();
    starts.add(this::startControlPlane);
    nodes.forEach(node -> starts.add(node::startRuntime));
    AtOnce.each(
        starts,
        start -> {
          start.run();
          return start;
        });
    nodes.forEach(ClusterNode::startKubernetes);
    nodes.forEach(ClusterNode::awaitReady);
    programs.awaitControllerManager();
  }

  private void startControlPlane() {
    programs.startApiServer(true);
    programs.startControllerManager();
    programs.startScheduler();
  }

  private ClusterNode node(
      int number, ClusterNodeOptions options, int nodeCount, Path pause, User kubelet, User proxy) {
    String name = nodeName(number);
    Network network = site.network();
    String namespace = network.namespace(name);
    network.addNamespace(namespace);
    network.join(namespace, Side.PEERS, nodeHost(number), "eth0");
    Link upstreamLink = network.join(namespace, Side.UPSTREAM, nodeHost(number), UPSTREAM_LINK);
    addRoutes(namespace, nodeCount, number);
    // Only nodes have addresses that upstream can answer to.
    Command.run(
        NETWORK_BOUND,
        """
        table ip lab_upstream {
          chain postrouting {
            type nat hook postrouting priority srcnat
            oifname "%s" masquerade
          }
        }
        """
            .formatted(UPSTREAM_LINK),
        List.of("nsenter", "--net=/run/netns/" + namespace, "nft", "-f", "-"));
    Cgroups.make(namespace);

    Path containerd = site.tools().containerd(Containerd.V24);
    List<Path> executables =
        Stream.concat(
                Stream.of("containerd", "ctr", "containerd-shim-runc-v2").map(containerd::resolve),
                Stream.of(
                    site.tools().runc(),
                    tools.kubelet(options.layout().versionSuffix()),
                    tools.proxy()))
            .toList();
    Map<String, Path> bound =
        Map.of(NodeFiles.PLUGINS, tools.cniPlugins(), NodeFiles.PAUSE_ARCHIVE, pause);
    Box box =
        new Box(name, site.directory().resolve(name), namespace, site.ledger(), executables, bound);
    String address = network.address(Side.PEERS, nodeHost(number));
    new NodeFiles(name, address, options, namespace, pods(number), upstream.address()).writeTo(box);
    identify(box, name, address, kubelet, proxy);
    return new ClusterNode(site, programs.kubectl(), name, address, options, upstreamLink, box);
  }

  /** Gives kubelet and kube-proxy what the API server knows them by, and kubelet its own. */
  private void identify(Box box, String name, String address, User kubelet, User proxy) {
    Identity server =
        programs.authority().issue("kubelet-" + name, "IP:" + address + ",DNS:" + name);
    box.write(NodeFiles.CLUSTER_CA, read(programs.ca()));
    box.write(NodeFiles.KUBELET_CERTIFICATE, read(server.certificate()));
    box.write(NodeFiles.KUBELET_KEY, read(server.key()));
    box.write(NodeFiles.KUBELET_KUBECONFIG, programs.kubeconfig(kubelet));
    box.write(NodeFiles.PROXY_KUBECONFIG, programs.kubeconfig(proxy));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** To pods by their nodes; and somewhere by default, for services have no route of their own. */
  private void addRoutes(String namespace, int nodeCount, int own) {
    Network network = site.network();
    Map<String, String> routes = new HashMap<>();
    routes.put("default", network.machineAddress(Side.PEERS));
    for (int i = 1; i <= nodeCount; i++) {
      if (i != own) {
        routes.put(pods(i), network.address(Side.PEERS, nodeHost(i)));
      }
    }
    network.route(namespace, routes);
  }

  private static String nodeName(int number) {
    return "n" + number;
  }

  private static int nodeHost(int number) {
    return Site.FIRST_NODE_HOST + number - 1;
  }

  private static String pods(int number) {
    return "10.244." + number + ".0/24";
  }

  // Nodes are the same hosts on both sides.
  private String nodeByAddress(String address) {
    return IntStream.rangeClosed(1, nodes.size())
        .filter(i -> site.network().address(Side.UPSTREAM, nodeHost(i)).equals(address))
        .mapToObj(Cluster::nodeName)
        .findFirst()
        .orElse(address);
  }

  /** Its nodes, n1 first. */
  public List<ClusterNode> nodes() {
    return List.copyOf(nodes);
  }

  /** The node of that name. */
  public ClusterNode node(String name) {
    return nodes.stream()
        .filter(node -> node.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no node " + name));
  }

  /** The registry that all nodes pull from, and what can befall it. */
  public Upstream upstream() {
    return upstream;
  }

  /**
   * Puts an archive's one image into the registry, as {@code docker save} writes it or of an OCI
   * layout.
   *
   * @param name repository and tag: {@code app:1}
   * @return the reference to pull it by
   */
  public String push(Path archive, String name) {
    return upstream.push(archive, name);
  }

  /**
   * Puts an image into the registry that has busybox under all its names; it sleeps unless it is
   * told otherwise.
   *
   * @param name repository and tag: {@code app:1}
   * @param environment of what runs in it; images with another differ
   * @return the reference to pull it by
   */
  public String pushBusybox(String name, Map<String, String> environment) {
    return push(busybox(Upstream.REGISTRY + "/" + name, environment), name);
  }

  private Path busybox(String reference, Map<String, String> environment) {
    return BusyboxArchive.write(
        site.tools().busybox(),
        directory().resolve(reference.replaceAll("[^a-zA-Z0-9.]", "-") + ".tar"),
        reference,
        environment);
  }

  @Override
  Programs programs() {
    return programs;
  }

  @Override
  public Path directory() {
    return site.directory();
  }

  @Override
  public void close() {
    site.close();
  }
}
