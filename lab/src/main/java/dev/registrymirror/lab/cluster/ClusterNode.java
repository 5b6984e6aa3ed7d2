package dev.registrymirror.lab.cluster;

import dev.registrymirror.lab.Site;
import dev.registrymirror.lab.cri.CriClient;
import dev.registrymirror.lab.machine.Daemon;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.machine.Link;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A node of a cluster: kubelet, containerd 2.4.2 and kube-proxy in a box of their own, with the
 * paths of its {@link NodeLayout}.
 */
public final class ClusterNode {

  private static final Duration PULL_BOUND = Duration.ofMinutes(10);

  private final Site site;
  private final Kubectl kubectl;
  private final String name;
  private final String address;
  private final ClusterNodeOptions options;
  private final Link upstreamLink;
  private final Box box;
  private CriClient cri;
  private Daemon containerd;

  ClusterNode(
      Site site,
      Kubectl kubectl,
      String name,
      String address,
      ClusterNodeOptions options,
      Link upstreamLink,
      Box box) {
    this.site = site;
    this.kubectl = kubectl;
    this.name = name;
    this.address = address;
    this.options = options;
    this.upstreamLink = upstreamLink;
    this.box = box;
  }

  /** As Kubernetes calls it: {@code n1}. */
  public String name() {
    return name;
  }

  /** Its InternalIP; Java reaches what listens there directly. */
  public String address() {
    return address;
  }

  public ClusterNodeOptions options() {
    return options;
  }

  /** Its link to upstream: what came from there, and what can befall it. */
  public Link upstreamLink() {
    return upstreamLink;
  }

  /** Something that it serves on a port of its address. */
  public URI url(int port, String path) {
    return URI.create("http://" + address + ":" + port + path);
  }

  /**
   * The body of something that it serves.
   *
   * @throws LabException where the answer is not 200, or does not come within 2 s
   */
  public String get(int port, String path) {
    return site.http().get(url(port, path));
  }

  /** Whether something that it serves answers 200 now. */
  public boolean answers(int port, String path) {
    return site.http().answers(url(port, path));
  }

  /**
   * Runs a command on it to its end and returns what it wrote.
   *
   * @throws LabException where it fails, with what it wrote
   */
  public String run(String... command) {
    return box.run(List.of(command));
  }

  /** What {@code ctr} says, in the namespace of Kubernetes' images. */
  public String ctr(String... arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("ctr", "--namespace", "k8s.io"));
    command.addAll(List.of("--address", options.layout().socket()));
    command.addAll(List.of(arguments));
    return box.run(command);
  }

  /** A file or directory of it, as Java reaches it while the node runs. */
  public Path path(String inside) {
    return box.path(inside);
  }

  /** The text of a file of it. */
  public String read(String file) {
    try {
      return Files.readString(path(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Pulls an image through CRI, as kubelet does.
   *
   * @throws dev.registrymirror.lab.cri.PullFailed with containerd's message, or after 10 minutes
   */
  public void pull(String reference) {
    cri.pull(reference, Optional.empty(), PULL_BOUND);
  }

  /** The names of all its images: with tags, and with digests. */
  public List<String> images() {
    return cri.images();
  }

  /** Removes an image; containerd deletes its blobs some time later. */
  public void removeImage(String reference) {
    cri.remove(reference);
  }

  /** SIGTERM to containerd, and starts it again; pods go on. Returns when it answers. */
  public void restartContainerd() {
    Box.terminate(containerd);
    startContainerd();
  }

  /** The power fails: all that runs on it is killed, and only its disk is kept. */
  public void kill() {
    cri.close();
    box.kill();
  }

  /** Starts it after {@link #kill()}; returns when its kubelet runs, before it is Ready. */
  public void start() {
    startRuntime();
    startKubernetes();
  }

  /** Starts the box and containerd in it; returns when that answers. */
  void startRuntime() {
    box.start();
    cri = new CriClient(box.path(options.layout().socket()), site.eventLoops());
    startContainerd();
    if (!images().contains(NodeFiles.PAUSE_IMAGE)) {
      ctr("images", "import", "--local", NodeFiles.PAUSE_ARCHIVE);
    }
  }

  private void startContainerd() {
    containerd =
        box.start("containerd", List.of("containerd", "--config", NodeFiles.CONTAINERD_CONFIG));
    containerd.awaitReady(cri::isReady);
  }

  /** Starts kubelet and kube-proxy, for which the API server must be there. */
  void startKubernetes() {
    box.start(
        "kubelet",
        List.of(
            "kubelet",
            "--config=" + NodeFiles.KUBELET_CONFIG,
            "--kubeconfig=" + NodeFiles.KUBELET_KUBECONFIG,
            "--hostname-override=" + name,
            "--node-ip=" + address));
    box.start("kube-proxy", List.of("kube-proxy", "--config=" + NodeFiles.PROXY_CONFIG));
  }

  /**
   * Returns when Kubernetes says that it is Ready.
   *
   * @throws LabException where it does not within a minute
   */
  public void awaitReady() {
    kubectl.run("", "wait", "--for=create", "node/" + name, "--timeout=60s");
    kubectl.run("", "wait", "--for=condition=Ready", "node/" + name, "--timeout=60s");
  }

  void close() {
    if (cri != null) {
      cri.close();
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
