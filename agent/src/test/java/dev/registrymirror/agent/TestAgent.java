package dev.registrymirror.agent;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.cli.HostAndPort;
import dev.registrymirror.agent.cli.MembersOptions;
import dev.registrymirror.agent.cli.PeerTls;
import dev.registrymirror.agent.cli.ServeOptions;
import dev.registrymirror.agent.cli.StoreOptions;
import dev.registrymirror.agent.cli.TransferOptions;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.hosts.TagPolicy;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.peers.Paths;
import dev.registrymirror.agent.telemetry.Metrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** An agent in this process, on loopback, over an OCI image layout. */
public final class TestAgent implements AutoCloseable {

  /** What it is started with; a test changes what it is about. */
  public static final class Setup {
    public final int mirrorPort = freePort();
    public final int peerPort = freePort();
    public final int metricsPort = freePort();
    public List<Integer> seeds = List.of(peerPort);
    public Deadlines deadlines = Deadlines.DEFAULTS;
    public TransferOptions transfers = TransferOptions.DEFAULTS;
    public TagPolicy tags = TagPolicy.REVALIDATE;
    public Optional<Path> credentialFile = Optional.empty();
    public Optional<PeerTls> peerTls = Optional.empty();
  }

  /** Where the search for a free port goes on; another process begins elsewhere. */
  private static final AtomicInteger NEXT_PORT =
      new AtomicInteger(Math.toIntExact(ProcessHandle.current().pid() * 97 % 12_000));

  public final Setup setup;
  private final Path layout;
  private final Agent agent;

  public TestAgent(Path folder, Setup setup) throws IOException {
    this.setup = setup;
    this.layout = Files.createDirectories(folder.resolve("layout"));
    Files.createDirectories(layout.resolve("blobs/sha256"));
    Files.createDirectories(layout.resolve("blobs/sha512"));
    InetAddress ip = InetAddress.ofLiteral("127.0.0.1");
    this.agent =
        new Agent(
            new ServeOptions(
                new StoreOptions.OciLayout(layout),
                "test",
                ip,
                "",
                new InetSocketAddress(ip, setup.mirrorPort),
                new InetSocketAddress(ip, setup.peerPort),
                new InetSocketAddress(ip, setup.metricsPort),
                new MembersOptions.Seeds(
                    setup.seeds.stream().map(port -> new HostAndPort("127.0.0.1", port)).toList()),
                setup.peerTls,
                setup.credentialFile,
                folder.resolve("hosts"),
                folder.resolve("state"),
                setup.tags,
                setup.transfers,
                setup.deadlines,
                "debug"),
            "test");
  }

  public Metrics metrics() {
    return agent.metrics();
  }

  /** Puts a blob into the store, whole at once. */
  public void put(Digest digest, byte[] bytes) throws IOException {
    Path written = Files.write(layout.resolve("incoming"), bytes);
    Files.move(written, file(digest), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Where the store keeps a blob. */
  public Path file(Digest digest) {
    return layout.resolve("blobs/" + digest.algorithm().id()).resolve(digest.hex());
  }

  /** Where containerd would ask. */
  public URI uri(String path) {
    return URI.create("http://127.0.0.1:" + setup.mirrorPort + path);
  }

  /** Where other agents ask. */
  public URI blobAsPeer(Digest digest) {
    return URI.create("http://127.0.0.1:" + setup.peerPort + Paths.BLOBS + digest);
  }

  /** How other agents know it. */
  public Peer peer() {
    return new Peer("127.0.0.1", setup.peerPort, "");
  }

  /**
   * Of those that the kernel gives to no connection (it takes 32768 and up): a port that was free a
   * moment ago may else be some client's when the agent listens.
   */
  private static int freePort() {
    while (true) {
      int port = 20_000 + NEXT_PORT.getAndIncrement() % 12_000;
      try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return port;
      } catch (BindException taken) {
        // The next one.
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void close() {
    agent.close();
  }
}
