package dev.registrymirror.lab.cluster;

import dev.registrymirror.lab.LabOptions;
import dev.registrymirror.lab.Site;
import dev.registrymirror.lab.Upstream;
import dev.registrymirror.lab.images.BusyboxArchive;
import dev.registrymirror.lab.machine.AtOnce;
import dev.registrymirror.lab.machine.Authority.Identity;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.Containerd;
import dev.registrymirror.lab.tools.KubernetesTools;
import dev.registrymirror.lab.tools.ToolMissing;
import dev.registrymirror.lab.tools.Tools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

  private static final List<Integer> PORTS = List.of(6443, 2379, 2380);

  private final KubernetesTools tools = KubernetesTools.prepare();
  private final List<ClusterNode> nodes = new CopyOnWriteArrayList<>();
  private final Site site;
  private Upstream upstream;
  private Programs programs;

  private Cluster(ClusterOptions options) {
    site =
        Site.open(new LabOptions(false, options.root()), () -> nodes.forEach(ClusterNode::close));
  }

  /** What stands in the way of a cluster on this machine, in words; empty where nothing does. */
  public static String obstacle() {
    return Stream.of(Tools.obstacle(), KubernetesTools.obstacle(), diskObstacle())
        .filter(obstacle -> !obstacle.isEmpty())
        .findFirst()
        .orElse("");
  }

  // Nodes' /etc, and their images' layers.
  private static String diskObstacle() {
    Path root = LabOptions.defaults().root();
    try {
      return Files.getFileStore(root).type().equals("overlay")
          ? "needs a disk: " + root + " is an overlay, and none can lie on it"
          : "";
    } catch (IOException e) {
      return "needs " + root + ": " + e.getMessage();
    }
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
    ClusterNetwork network = new ClusterNetwork(site.network(), wanted.size());
    upstream =
        site.openUpstream(
            network::nameOf, () -> nodes.stream().map(ClusterNode::upstreamLink).toList());
    List<User> kubelets =
        IntStream.rangeClosed(1, wanted.size())
            .mapToObj(node -> User.node(network.name(node)))
            .toList();
    User proxy = User.component("kube-proxy");
    programs =
        new Programs(
            tools,
            controlPlane(network),
            Stream.concat(kubelets.stream(), Stream.of(proxy)).toList());
    Path pause = busybox(NodeFiles.PAUSE_IMAGE, Map.of());
    for (int node = 1; node <= wanted.size(); node++) {
      ClusterNodeOptions options = wanted.get(node - 1);
      Box box = box(network, node, options, pause);
      new NodeFiles(network, node, options, upstream.address()).writeTo(box);
      identify(box, network, node, kubelets.get(node - 1), proxy);
      nodes.add(
          new ClusterNode(
              site,
              programs.kubectl(),
              network.name(node),
              network.address(node),
              options,
              network.join(node),
              box));
    }
    start();
  }

  private Programs.Place controlPlane(ClusterNetwork network) {
    String namespace = network.joinControlPlane();
    return new Programs.Place(
        site.directory(),
        site.ledger(),
        network.controlPlaneAddress(),
        PORTS,
        command ->
            Stream.concat(Stream.of("nsenter", "--net=/run/netns/" + namespace), command.stream())
                .toList());
  }

  private Box box(ClusterNetwork network, int node, ClusterNodeOptions options, Path pause) {
    Path containerd = site.tools().containerd(Containerd.V24);
    List<Path> executables =
        Stream.concat(
                Stream.of("containerd", "ctr", "containerd-shim-runc-v2").map(containerd::resolve),
                Stream.of(
                    site.tools().runc(),
                    tools.kubelet(options.layout().versionSuffix()),
                    tools.proxy()))
            .toList();
    return new Box(
        network.name(node),
        site.directory().resolve(network.name(node)),
        network.namespace(node),
        site.ledger(),
        executables,
        Map.of(NodeFiles.PLUGINS, tools.cniPlugins(), NodeFiles.PAUSE_ARCHIVE, pause));
  }

  // Containerds start while the API server does.
  private void start() {
    List<Runnable> starts = new ArrayList<>();
    starts.add(
        () -> {
          programs.startApiServer(true);
          programs.startControllerManager();
          programs.startScheduler();
        });
    nodes.forEach(node -> starts.add(node::startRuntime));
    AtOnce.all(starts);
    nodes.forEach(ClusterNode::startKubernetes);
    nodes.forEach(ClusterNode::awaitReady);
    programs.awaitControllerManager();
  }

  /** Gives kubelet and kube-proxy what the API server knows them by, and kubelet its own. */
  private void identify(Box box, ClusterNetwork network, int node, User kubelet, User proxy) {
    String name = network.name(node);
    Identity server =
        programs
            .authority()
            .issue("kubelet-" + name, "IP:" + network.address(node) + ",DNS:" + name);
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
