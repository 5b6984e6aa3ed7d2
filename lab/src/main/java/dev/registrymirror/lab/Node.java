package dev.registrymirror.lab;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.cri.CriClient;
import dev.registrymirror.lab.cri.Login;
import dev.registrymirror.lab.cri.PullFailed;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.Daemon;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.machine.Link;
import dev.registrymirror.lab.tools.Containerd;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A node: a network namespace with a real containerd, and a mirror where one is started. Without,
 * its containerd pulls from upstream alone.
 */
public final class Node {

  private static final Duration PULL_BOUND = Duration.ofMinutes(10);

  private final Lab lab;
  private final String name;
  private final NodeOptions options;
  private final String namespace;
  private final String address;
  private final String upstreamSideAddress;
  private final Link peerLink;
  private final Link upstreamLink;
  private final Path directory;
  private final Path tools;
  private final CriClient cri;
  private Daemon containerd;
  private Daemon mirror;

  /** Where a node is on the lab's networks. */
  record Place(
      String namespace,
      String address,
      String upstreamSideAddress,
      Link peerLink,
      Link upstreamLink) {}

  Node(Lab lab, String name, NodeOptions options, Place place, Path directory, Path tools) {
    this.lab = lab;
    this.name = name;
    this.options = options;
    this.namespace = place.namespace();
    this.address = place.address();
    this.upstreamSideAddress = place.upstreamSideAddress();
    this.peerLink = place.peerLink();
    this.upstreamLink = place.upstreamLink();
    this.directory = directory;
    this.tools = tools;
    this.cri = new CriClient(containerdSocket(), lab.eventLoops());
  }

  public Lab lab() {
    return lab;
  }

  public String name() {
    return name;
  }

  public NodeOptions options() {
    return options;
  }

  /** Its IP address among the nodes, without brackets. */
  public String address() {
    return address;
  }

  // Java writes the same IPv6 address in another way (fd19:0:0:0:0:0:0:b).
  boolean isAt(String anAddress) {
    return InetAddress.ofLiteral(upstreamSideAddress).equals(InetAddress.ofLiteral(anAddress));
  }

  /** {@code IP:port}, an IPv6 address in brackets. */
  public String endpoint(int port) {
    return (address.contains(":") ? "[" + address + "]" : address) + ":" + port;
  }

  /** Something that it serves on a port; Java reaches it directly. */
  public URI url(int port, String path) {
    return URI.create("http://" + endpoint(port) + path);
  }

  /**
   * The body of something that it serves: {@code get(AgentMirror.METRICS_PORT, "/metrics")}.
   *
   * @throws LabException where the answer is not 200, or does not come within 2 s
   */
  public String get(int port, String path) {
    return lab.http().get(url(port, path));
  }

  /** Its link to the other nodes: what came from them, and what can befall it. */
  public Link peerLink() {
    return peerLink;
  }

  /** Its link to upstream: what came from there, and what can befall it. */
  public Link upstreamLink() {
    return upstreamLink;
  }

  // Files

  /** Where all its files are; {@code containerd.log} and the mirror's log among them. */
  public Path directory() {
    return directory;
  }

  String namespace() {
    return namespace;
  }

  Path tools() {
    return tools;
  }

  public Path containerdSocket() {
    return directory.resolve("containerd.sock");
  }

  /** The {@code io.containerd.content.v1.content} folder. */
  public Path contentStore() {
    return directory.resolve("root/io.containerd.content.v1.content");
  }

  /** Where containerd looks for hosts.toml files: its {@code certs.d}. */
  public Path hostsDirectory() {
    return directory.resolve("certs.d");
  }

  /** The hosts.toml of a registry. */
  public Path hostsFile(String registry) {
    return hostsDirectory().resolve(registry).resolve("hosts.toml");
  }

  /** Where the mirror keeps the originals of hosts files. */
  public Path stateDirectory() {
    return directory.resolve("registry-mirror");
  }

  /** The file of a blob in the content store, whether it is there or not. */
  public Path blob(Digest digest) {
    return contentStore().resolve("blobs").resolve(digest.algorithm().id()).resolve(digest.hex());
  }

  /** Whether a blob is whole in the content store. */
  public boolean holds(Digest digest) {
    return Files.exists(blob(digest));
  }

  /** Bytes of blobs that its containerd has begun to download and has not committed. */
  public long ingested() {
    return ingests().stream().mapToLong(each -> each.resolve("data").toFile().length()).sum();
  }

  /** The file of a blob that its containerd has begun to download and has not committed. */
  public Optional<Path> ingest(Digest digest) {
    return ingests().stream()
        .filter(each -> ref(each).endsWith("-" + digest))
        .map(each -> each.resolve("data"))
        .findFirst();
  }

  private List<Path> ingests() {
    try (Stream<Path> entries = Files.list(contentStore().resolve("ingest"))) {
      return entries.toList();
    } catch (IOException | UncheckedIOException changing) {
      return List.of();
    }
  }

  private static String ref(Path ingest) {
    try {
      return Files.readString(ingest.resolve("ref"));
    } catch (IOException changing) {
      return "";
    }
  }

  /** Changes one byte in the middle of a blob's file, behind containerd's back. */
  public void corrupt(Digest digest) {
    try (RandomAccessFile file = new RandomAccessFile(blob(digest).toFile(), "rw")) {
      long middle = file.length() / 2;
      file.seek(middle);
      int octet = file.read();
      file.seek(middle);
      file.write(~octet);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // Images

  /**
   * Pulls an image through CRI, as kubelet does.
   *
   * @throws PullFailed with containerd's message, or after 10 minutes
   */
  public Pull pull(String reference) {
    return pull(reference, Optional.empty());
  }

  /** The same with a pull secret. */
  public Pull pull(String reference, Login login) {
    return pull(reference, Optional.of(login));
  }

  private Pull pull(String reference, Optional<Login> login) {
    long upstreamBefore = upstreamLink.received();
    long peersBefore = peerLink.received();
    long start = System.nanoTime();
    cri.pull(reference, login, PULL_BOUND);
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    return new Pull(
        took, upstreamLink.received() - upstreamBefore, peerLink.received() - peersBefore);
  }

  /** The names of all its images: with tags, and with digests. */
  public List<String> images() {
    return cri.images();
  }

  /** Removes an image; containerd deletes its blobs some time later. */
  public void removeImage(String reference) {
    cri.remove(reference);
  }

  /** Writes an image that it has to a tar archive. */
  public void exportImage(String reference, Path archive) {
    archived("export", archive.toString(), reference);
  }

  /** Loads a tar archive of images, as a node is fed without a registry. */
  public void importImages(Path archive) {
    archived("import", archive.toString());
  }

  // 2.x does it in the daemon unless it is told otherwise, and streams the archive there and back;
  // an archive made so was once not recognized.
  private void archived(String what, String... arguments) {
    List<String> command = new ArrayList<>(List.of("images", what));
    if (options.containerd() == Containerd.V24) {
      command.add("--local");
    }
    command.addAll(List.of(arguments));
    ctr(command.toArray(String[]::new));
  }

  /** What {@code ctr} says, in the namespace of Kubernetes' images. */
  public String ctr(String... arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of(tools.resolve("ctr").toString(), "--namespace", "k8s.io"));
    command.addAll(List.of("--address", containerdSocket().toString()));
    command.addAll(List.of(arguments));
    return run(command);
  }

  /** Runs a command on this node to its end and returns what it wrote. */
  public String run(List<String> command) {
    return Command.run(PULL_BOUND, "", Daemon.inside(namespace, command));
  }

  // Processes

  public Daemon containerd() {
    return containerd;
  }

  /** Starts containerd, for the first time or after its end; returns when it answers. */
  public Daemon startContainerd() {
    Path config = new ContainerdConfig(directory, options).write();
    List<String> command =
        List.of(tools.resolve("containerd").toString(), "--config", config.toString());
    containerd = start("containerd", command, Map.of("PATH", tools + ":" + System.getenv("PATH")));
    containerd.awaitReady(cri::isReady);
    return containerd;
  }

  /** SIGTERM, and {@link #startContainerd()}. */
  public void restartContainerd() {
    containerd.terminate();
    startContainerd();
  }

  /**
   * Configures and starts the project's own mirror with the lab's options and these; returns when
   * it is ready.
   */
  public Daemon startAgent(String... serveOptions) {
    return startMirror(new AgentMirror(List.of(serveOptions), List.of()));
  }

  /** Configures and starts a mirror; returns when it is ready. */
  public Daemon startMirror(Mirror kind) {
    kind.configure(this);
    return startConfiguredMirror(kind);
  }

  /** Starts a mirror that was configured before; returns when it is ready. */
  public Daemon startConfiguredMirror(Mirror kind) {
    mirror = start(kind.name(), kind.command(this), Map.of());
    mirror.awaitReady(() -> lab.http().answers(kind.ready(this)));
    return mirror;
  }

  /** The mirror that was started last. */
  public Daemon mirror() {
    if (mirror == null) {
      throw new LabException("no mirror was started on " + name);
    }
    return mirror;
  }

  /** Whether a mirror runs on it. */
  public boolean hasMirror() {
    return mirror != null && mirror.isAlive();
  }

  private Daemon start(String what, List<String> command, Map<String, String> environment) {
    return Daemon.start(
        name + "'s " + what,
        lab.ledger(),
        directory.resolve(what + ".log"),
        environment,
        Daemon.inside(namespace, command));
  }

  /** Makes the directories, and says where upstream is. */
  void prepare() {
    try {
      for (String folder : List.of("root", "state", "opt", "cni", "registry-mirror")) {
        Files.createDirectories(directory.resolve(folder));
      }
      Path hosts = hostsFile(Upstream.REGISTRY);
      Files.createDirectories(hosts.getParent());
      Files.writeString(hosts, hostsOf(lab.upstream().address()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // As administrators write it for a registry at another address. 1.6 does not read a file without
  // a host table, nor one whose host is an IPv6 address: there the mirror's entry makes it whole.
  private String hostsOf(URI upstream) {
    String server = "server = \"" + upstream + "\"\n";
    return options.containerd() == Containerd.V16 && upstream.getHost().indexOf(':') < 0
        ? server + "[host.\"" + upstream + "\"]\n  capabilities = [\"pull\", \"resolve\"]\n"
        : server;
  }

  void close() {
    cri.close();
  }

  @Override
  public String toString() {
    return name;
  }
}
