package dev.registrymirror.agent.doctor;

import dev.registrymirror.agent.credentials.Credential;
import dev.registrymirror.agent.hosts.HostsDirectory;
import dev.registrymirror.agent.hosts.HostsSettings;
import dev.registrymirror.agent.hosts.Report;
import dev.registrymirror.agent.hosts.UnusableDirectoryException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Looks for what stands in the way of sharing on this node. Changes nothing. */
public final class Doctor {

  /** Peers that are tried; more would say nothing new. */
  public static final int MAX_PEERS = 32;

  /** How the answer of a registry begins; no more of it is read. */
  private static final byte[] ANSWER = "HTTP/1.1 200".getBytes(StandardCharsets.US_ASCII);

  /** Asks a containerd who it is. */
  public interface ContainerdProbe {

    /**
     * Returns within a bound of its own.
     *
     * @return what it says of itself, on one line; empty where it only answers
     * @throws IOException where it does not answer
     */
    String ask(Path socket) throws IOException;
  }

  /**
   * What is looked at.
   *
   * @param containerdSocket where containerd listens
   * @param contentStore its folder {@code io.containerd.content.v1.content}
   * @param containerdConfig its {@code config.toml}
   * @param hostsDir the directory of its {@code config_path}
   * @param stateDir where the originals of hosts files are kept
   * @param settings what was written into {@code hostsDir}; empty: what {@code configure} was told
   * @param credential what containerd shows the agent; empty where it asks for none
   * @param listen where the agent listens for containerd
   * @param peers the other agents
   * @param connect until a peer, or this node's agent, accepts a connection and answers
   */
  public record Node(
      Path containerdSocket,
      Path contentStore,
      Path containerdConfig,
      Path hostsDir,
      Path stateDir,
      Optional<HostsSettings> settings,
      Optional<Credential> credential,
      InetSocketAddress listen,
      List<InetSocketAddress> peers,
      Duration connect) {}

  private final Node node;
  private final ContainerdProbe containerd;

  public Doctor(Node node, ContainerdProbe containerd) {
    this.node = node;
    this.containerd = containerd;
  }

  /** Only connects: for where there is no client of containerd. */
  public static String connect(Path socket) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      return "";
    }
  }

  /** Every check once, in the order in which they are best mended. */
  public List<Finding> examine() {
    List<Finding> findings = new ArrayList<>();
    findings.add(containerd());
    findings.add(contentStore());
    findings.addAll(new ConfigChecks(node.containerdConfig, node.hostsDir).examine());
    findings.add(hosts());
    findings.add(port());
    findings.addAll(peers());
    return findings;
  }

  /** The exit code that goes with the findings: 1 where something stands in the way. */
  public static int exitCode(List<Finding> findings) {
    return findings.stream().anyMatch(one -> one.verdict() == Finding.Verdict.PROBLEM) ? 1 : 0;
  }

  private Finding containerd() {
    String check = "containerd";
    Path socket = node.containerdSocket;
    try {
      String said = containerd.ask(socket);
      return Finding.ok(check, said.isEmpty() ? socket + " answers" : socket + ": " + said);
    } catch (IOException | UnsupportedOperationException e) {
      return Finding.problem(
          check,
          socket + " does not answer: " + e.getMessage(),
          Files.exists(socket)
              ? "see whether containerd runs, and whether this process may use its socket (root)"
              : "name the socket with --containerd-socket; in a container mount its directory");
    }
  }

  private Finding contentStore() {
    String check = "content store";
    Path store = node.contentStore;
    if (!Files.isDirectory(store)) {
      return Finding.problem(
          check,
          store + " is not there",
          "name containerd's folder io.containerd.content.v1.content with --content-store");
    }
    if (!Files.isDirectory(store.resolve("blobs")) && !Files.isDirectory(store.resolve("ingest"))) {
      return Finding.problem(
          check,
          store + " has neither blobs nor ingest",
          "name containerd's folder io.containerd.content.v1.content with --content-store");
    }
    Path blobs = store.resolve("blobs").resolve("sha256");
    if (Files.exists(blobs) && !(Files.isReadable(blobs) && Files.isExecutable(blobs))) {
      return Finding.problem(check, blobs + " cannot be read", "run as root, or as its owner");
    }
    return Finding.ok(check, store.toString());
  }

  private Finding hosts() {
    String check = "hosts.toml";
    String mend = "run mirror-agent configure";
    try {
      Optional<HostsDirectory> directory =
          node.settings.isPresent()
              ? Optional.of(
                  new HostsDirectory(node.hostsDir, node.stateDir, node.settings.orElseThrow()))
              : HostsDirectory.configured(node.hostsDir, node.stateDir, node.credential);
      if (directory.isEmpty()) {
        return Finding.problem(check, "nothing is configured in " + node.hostsDir, mend);
      }
      Report report = directory.get().check();
      for (Report.Entry entry : report.entries()) {
        if (entry.outcome() == Report.Outcome.FAILED) {
          return Finding.problem(check, entry.file() + ": " + entry.detail(), mend);
        }
      }
      return Finding.ok(
          check, report.entries().size() + " files in " + node.hostsDir + " point to the mirror");
    } catch (UnusableDirectoryException e) {
      return Finding.problem(check, e.getMessage(), mend);
    }
  }

  private Finding port() {
    String check = "port";
    InetSocketAddress listen = node.listen;
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(listen);
      return Finding.ok(check, text(listen) + " is free");
    } catch (IOException e) {
      return isMirror(listen)
          ? Finding.ok(
              check, text(listen) + ": a registry with this node's credential answers there")
          : Finding.problem(
              check,
              text(listen) + " cannot be listened on: " + e.getMessage(),
              "stop what listens there, or name another address with --listen and --mirror");
    }
  }

  /**
   * Whether a registry answers there that takes this node's credential (OCI distribution spec,
   * "Determining Support").
   */
  private boolean isMirror(InetSocketAddress address) {
    int millis = (int) node.connect.toMillis();
    try (Socket socket = new Socket()) {
      socket.connect(address, millis);
      socket.setSoTimeout(millis);
      socket
          .getOutputStream()
          .write(
              ("GET /v2/ HTTP/1.1\r\nHost: "
                      + text(address)
                      + "\r\n"
                      + node.credential
                          .map(
                              credential -> "Authorization: " + credential.authorization() + "\r\n")
                          .orElse("")
                      + "Connection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      byte[] answer = socket.getInputStream().readNBytes(ANSWER.length);
      return Arrays.equals(answer, ANSWER);
    } catch (IOException e) {
      return false;
    }
  }

  private List<Finding> peers() {
    String check = "peers";
    if (node.peers.isEmpty()) {
      return List.of(
          Finding.unknown(check, "none are named", "name some with --seeds or --roster-file"));
    }
    List<Finding> findings = new ArrayList<>();
    for (InetSocketAddress peer : node.peers.subList(0, Math.min(MAX_PEERS, node.peers.size()))) {
      try (Socket socket = new Socket()) {
        socket.connect(peer, (int) node.connect.toMillis());
        findings.add(Finding.ok(check, text(peer) + " accepts connections"));
      } catch (IOException | RuntimeException e) {
        findings.add(
            Finding.problem(
                check,
                text(peer) + " does not accept a connection: " + e.getMessage(),
                "see whether an agent runs there, and whether a firewall lets its port through"));
      }
    }
    return findings;
  }

  private static String text(InetSocketAddress address) {
    String host = address.getHostString();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
  }
}
