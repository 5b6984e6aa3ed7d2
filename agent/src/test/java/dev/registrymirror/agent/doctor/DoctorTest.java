package dev.registrymirror.agent.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.credentials.Credential;
import dev.registrymirror.agent.doctor.Finding.Verdict;
import dev.registrymirror.agent.hosts.HostsDirectory;
import dev.registrymirror.agent.hosts.HostsSettings;
import dev.registrymirror.agent.hosts.TagPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {

  private static final HostsSettings SETTINGS =
      new HostsSettings(
          List.of(URI.create("http://10.0.0.11:29999")),
          List.of("ghcr.io"),
          TagPolicy.REVALIDATE,
          Optional.empty());

  @TempDir Path node;
  private Path socket;
  private Path store;
  private Path hosts;

  @BeforeEach
  void nameFiles() {
    socket = node.resolve("containerd.sock");
    store = node.resolve("io.containerd.content.v1.content");
    hosts = node.resolve("certs.d");
  }

  private List<Finding> examine(InetSocketAddress listen, List<InetSocketAddress> peers) {
    return new Doctor(
            new Doctor.Node(
                socket,
                store,
                node.resolve("config.toml"),
                hosts,
                node.resolve("state"),
                Optional.of(SETTINGS),
                Optional.of(new Credential("node", "secret")),
                listen,
                peers,
                Duration.ofMillis(500)),
            Doctor::connect)
        .examine();
  }

  private static Verdict verdict(List<Finding> findings, String check) {
    return findings.stream()
        .filter(one -> one.check().equals(check))
        .findFirst()
        .orElseThrow()
        .verdict();
  }

  @Test
  void healthyNodeHasNothingInTheWay() throws Exception {
    // Given
    Files.createDirectories(store.resolve("blobs/sha256"));
    Files.createDirectory(hosts);
    new HostsDirectory(hosts, node.resolve("state"), SETTINGS).configure();
    Files.writeString(
        node.resolve("config.toml"),
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \""
            + hosts
            + "\"\n");
    try (ServerSocketChannel containerd = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        ServerSocket peer = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      containerd.bind(UnixDomainSocketAddress.of(socket));

      // When
      List<Finding> findings =
          examine(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
              List.of((InetSocketAddress) peer.getLocalSocketAddress()));

      // Then
      assertThat(findings).extracting(Finding::verdict).containsOnly(Verdict.OK);
      assertThat(findings).hasSize(7);
      assertThat(Doctor.exitCode(findings)).isZero();
    }
  }

  @Test
  void emptyNodeHasAMendForEverything() throws Exception {
    // Given ports that somebody has, and nobody
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int nobodys;
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        nobodys = free.getLocalPort();
      }

      // When
      List<Finding> findings =
          examine(
              (InetSocketAddress) taken.getLocalSocketAddress(),
              List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), nobodys)));

      // Then
      for (String check : List.of("containerd", "content store", "hosts.toml", "port", "peers")) {
        assertThat(verdict(findings, check)).as(check).isEqualTo(Verdict.PROBLEM);
      }
      assertThat(verdict(findings, "config_path")).isEqualTo(Verdict.UNKNOWN);
      assertThat(findings).noneMatch(finding -> finding.mend().isEmpty());
      assertThat(findings).allMatch(finding -> finding.toString().lines().count() == 1);
      assertThat(Doctor.exitCode(findings)).isEqualTo(1);
    }
  }

  @Test
  void portOfTheAgentItselfIsInOrder() throws Exception {
    // Given a registry that takes the node's credential
    try (ServerSocket agent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread answering = Thread.ofVirtual().start(() -> answer(agent));

      // When
      List<Finding> findings =
          examine((InetSocketAddress) agent.getLocalSocketAddress(), List.of());

      // Then
      answering.join();
      assertThat(verdict(findings, "port")).isEqualTo(Verdict.OK);
      assertThat(verdict(findings, "peers")).isEqualTo(Verdict.UNKNOWN);
    }
  }

  private static void answer(ServerSocket agent) {
    try (Socket socket = agent.accept()) {
      byte[] request = new byte[1024];
      int length = socket.getInputStream().read(request);
      String text = new String(request, 0, length, StandardCharsets.US_ASCII);
      boolean known = text.contains(new Credential("node", "secret").authorization());
      String status = known ? "200 OK" : "404 Not Found";
      socket
          .getOutputStream()
          .write(("HTTP/1.1 " + status + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void hostsFileThatPointsElsewhereIsAProblem() throws Exception {
    // Given
    Files.createDirectory(hosts);
    new HostsDirectory(hosts, node.resolve("state"), SETTINGS).configure();
    Path file = hosts.resolve("ghcr.io/hosts.toml");
    Files.writeString(file, "server = \"https://ghcr.io\"\n");

    // When
    List<Finding> findings =
        examine(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), List.of());

    // Then
    assertThat(verdict(findings, "hosts.toml")).isEqualTo(Verdict.PROBLEM);
    assertThat(findings).anyMatch(finding -> finding.detail().contains(file.toString()));
    assertThat(file).hasContent("server = \"https://ghcr.io\"");
  }
}
