package dev.registrymirror.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.cli.ConfigureOptions;
import dev.registrymirror.agent.cli.DoctorOptions;
import dev.registrymirror.agent.cli.HostAndPort;
import dev.registrymirror.agent.cli.MembersOptions;
import dev.registrymirror.agent.cli.Misuse;
import dev.registrymirror.agent.cli.ServeOptions;
import dev.registrymirror.agent.cli.StoreOptions;
import dev.registrymirror.agent.cli.TransferOptions;
import dev.registrymirror.agent.hosts.TagPolicy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExaminationTest {

  private static final InetAddress HERE = InetAddress.ofLiteral("127.0.0.1");
  private static final int OWN_PORT = 29_998;

  @TempDir private Path node;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final PrintStream lines = new PrintStream(out, true, StandardCharsets.UTF_8);

  @BeforeEach
  void makeNode() throws IOException {
    Files.createDirectories(contentStore().resolve("blobs/sha256"));
    Files.createDirectory(hostsDir());
  }

  @Test
  void aLineForEachFinding() throws Exception {
    // Given what configure wrote, no containerd, and a peer that listens
    new HostsCommands(new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8))
        .configure(configure());
    try (ServerSocket peer = new ServerSocket(0, 1, HERE)) {
      List<HostAndPort> seeds =
          List.of(
              new HostAndPort("127.0.0.1", OWN_PORT),
              new HostAndPort("127.0.0.1", peer.getLocalPort()));

      // When
      int code = new Examination(lines).run(options(new MembersOptions.Seeds(seeds)));

      // Then the node's own agent, which is not up, is no peer
      assertThat(code).isEqualTo(1);
      assertThat(printed())
          .hasSize(7)
          .anyMatch(line -> line.startsWith("problem  containerd: " + socket()))
          .anyMatch(line -> line.startsWith("ok       content store: "))
          .anyMatch(line -> line.startsWith("unknown  config_path: "))
          .anyMatch(line -> line.startsWith("ok       hosts.toml: 1 files"))
          .anyMatch(line -> line.startsWith("ok       port: "))
          .anyMatch(line -> line.startsWith("ok       peers: 127.0.0.1:" + peer.getLocalPort()))
          .noneMatch(line -> line.contains(":" + OWN_PORT));
    }
  }

  @Test
  void peersOfARosterFileAreTried() throws Exception {
    try (ServerSocket peer = new ServerSocket(0, 1, HERE)) {
      Path roster = node.resolve("roster.json");
      Files.writeString(
          roster,
          "{\"version\": 1, \"nodes\": [{\"ip\": \"127.0.0.1\", \"port\": "
              + peer.getLocalPort()
              + "}]}");

      new Examination(lines).run(options(new MembersOptions.RosterFile(roster)));

      assertThat(printed())
          .contains("ok       peers: 127.0.0.1:" + peer.getLocalPort() + " accepts connections");
    }
  }

  @Test
  void aRosterFileWithAFaultIsAFindingAmongTheOthers() throws Exception {
    Path missing = node.resolve("roster.json");

    int code = new Examination(lines).run(options(new MembersOptions.RosterFile(missing)));

    assertThat(code).isEqualTo(1);
    assertThat(printed())
        .anyMatch(line -> line.startsWith("problem  roster: " + missing))
        .anyMatch(line -> line.startsWith("ok       content store: "));
  }

  @Test
  void aLayoutHasNoContainerdToLookInto() {
    DoctorOptions options =
        options(new StoreOptions.OciLayout(node), new MembersOptions.Seeds(List.of()));

    assertThatThrownBy(() -> new Examination(lines).run(options))
        .isInstanceOf(Misuse.class)
        .hasMessageContaining("--oci-layout");
  }

  private DoctorOptions options(MembersOptions members) {
    return options(new StoreOptions.Containerd(socket(), "k8s.io", contentStore()), members);
  }

  private DoctorOptions options(StoreOptions store, MembersOptions members) {
    InetSocketAddress anyPort = new InetSocketAddress(HERE, 0);
    ServeOptions serve =
        new ServeOptions(
            store,
            "test",
            HERE,
            "",
            anyPort,
            new InetSocketAddress(HERE, OWN_PORT),
            anyPort,
            members,
            Optional.empty(),
            Optional.empty(),
            hostsDir(),
            node.resolve("state"),
            TagPolicy.REVALIDATE,
            TransferOptions.DEFAULTS,
            Deadlines.DEFAULTS,
            "info");
    return new DoctorOptions(serve, configure(), node.resolve("config.toml"));
  }

  private ConfigureOptions configure() {
    return new ConfigureOptions(
        hostsDir(),
        node.resolve("state"),
        List.of(URI.create("http://127.0.0.1:29999")),
        List.of("docker.io"),
        TagPolicy.REVALIDATE,
        Optional.empty(),
        "info");
  }

  private Path socket() {
    return node.resolve("containerd.sock");
  }

  private Path contentStore() {
    return node.resolve("io.containerd.content.v1.content");
  }

  private Path hostsDir() {
    return node.resolve("certs.d");
  }

  private List<String> printed() {
    return out.toString(StandardCharsets.UTF_8).lines().toList();
  }
}
