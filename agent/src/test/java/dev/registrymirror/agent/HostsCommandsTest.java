package dev.registrymirror.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.agent.cli.CleanupOptions;
import dev.registrymirror.agent.cli.ConfigureOptions;
import dev.registrymirror.agent.cli.Misuse;
import dev.registrymirror.agent.hosts.Report;
import dev.registrymirror.agent.hosts.TagPolicy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostsCommandsTest {

  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  @TempDir private Path node;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final HostsCommands commands =
      new HostsCommands(new PrintStream(out, true, StandardCharsets.UTF_8));

  @BeforeEach
  void makeHostsDir() throws IOException {
    Files.createDirectory(hostsDir());
  }

  @Test
  void whatConfigureWritesCleanupTakesOut() throws Exception {
    Path hostsToml = hostsDir().resolve("docker.io/hosts.toml");

    int configured = commands.configure(configure(Optional.empty()));

    assertThat(configured).isZero();
    assertThat(hostsToml).content().contains("http://10.0.0.11:29999");
    assertThat(printed()).isEqualTo(hostsToml + ": written\n");

    int cleaned = commands.cleanup(cleanup());

    assertThat(cleaned).isZero();
    assertThat(hostsToml).doesNotExist();
    assertThat(printed()).endsWith(hostsToml + ": removed\n");
  }

  @Test
  void theFirstCredentialIsWritten() throws Exception {
    Path credentials = node.resolve("credentials");
    Files.writeString(credentials, "new:secret\nold:secret\n");

    commands.configure(configure(Optional.of(credentials)));

    // new:secret
    assertThat(hostsDir().resolve("docker.io/hosts.toml")).content().contains("bmV3OnNlY3JldA==");
    assertThat(printed()).doesNotContain("secret", "bmV3OnNlY3JldA==");
  }

  @Test
  void aCredentialFileThatIsNotThereIsWrongUse() {
    Path missing = node.resolve("missing");

    assertThatThrownBy(() -> commands.configure(configure(Optional.of(missing))))
        .isInstanceOf(Misuse.class)
        .hasMessageContaining("--credential-file")
        .hasMessageContaining(missing.toString())
        .hasMessageContaining("NoSuchFile");
    assertThat(hostsDir()).isEmptyDirectory();
  }

  @Test
  void anUnusableHostsDirectoryIsWrongUse() throws IOException {
    Files.delete(hostsDir());
    Files.writeString(hostsDir(), "a file");

    assertThatThrownBy(() -> commands.configure(configure(Optional.empty())))
        .isInstanceOf(Misuse.class)
        .hasMessageContaining(hostsDir().toString());
  }

  @Test
  void aFileThatDoesNotParseFailsTheCommandAndNoOtherFile() throws Exception {
    Path broken = hostsDir().resolve("ghcr.io/hosts.toml");
    Files.createDirectory(broken.getParent());
    Files.writeString(broken, "server = \n");

    int code =
        commands.configure(
            new ConfigureOptions(
                hostsDir(),
                stateDir(),
                List.of(URI.create("http://10.0.0.11:29999")),
                List.of("ghcr.io", "docker.io"),
                TagPolicy.REVALIDATE,
                Optional.empty(),
                "info"));

    assertThat(code).isEqualTo(1);
    assertThat(broken).hasContent("server = ");
    assertThat(printed()).contains(broken + ": failed: line 1");
    assertThat(hostsDir().resolve("docker.io/hosts.toml")).exists();
  }

  @Test
  void holdingIsReadyAndEndsWhenClosed() throws Exception {
    try (Hold hold = Hold.start(ANY_PORT, "node-1", new Report(List.of()))) {
      assertThat(connect(hold, "/readyz").getResponseCode()).isEqualTo(200);
      assertThat(connect(hold, "/livez").getResponseCode()).isEqualTo(200);
      assertThat(connect(hold, "/v2/").getResponseCode()).isEqualTo(404);
      assertThat(body(connect(hold, "/status").getInputStream()))
          .isEqualTo("{\"node\":\"node-1\",\"mode\":\"cleanup\",\"cleaned\":true,\"problems\":[]}");
    }
  }

  @Test
  void holdingIsNotReadyWhereAFileCouldNotBeRestored() throws Exception {
    Path file = hostsDir().resolve("docker.io/hosts.toml");
    Report report =
        new Report(
            List.of(
                new Report.Entry(hostsDir().resolve("ghcr.io"), Report.Outcome.RESTORED, ""),
                new Report.Entry(file, Report.Outcome.FAILED, "a symbolic link")));

    try (Hold hold = Hold.start(ANY_PORT, "node-1", report)) {
      HttpURLConnection readyz = connect(hold, "/readyz");
      assertThat(readyz.getResponseCode()).isEqualTo(503);
      assertThat(body(readyz.getErrorStream())).contains(file + ": failed: a symbolic link");
      assertThat(connect(hold, "/livez").getResponseCode()).isEqualTo(200);
      assertThat(body(connect(hold, "/status").getInputStream()))
          .contains("\"mode\":\"cleanup\",\"cleaned\":false")
          .contains("\"problems\":[{\"reason\":\"hosts_changed\"")
          .contains(file + " is not restored: a symbolic link")
          .doesNotContain("ghcr.io");
    }
  }

  private static String body(InputStream body) throws IOException {
    try (body) {
      return new String(body.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static HttpURLConnection connect(Hold hold, String path) throws IOException {
    String address = hold.address().getAddress().getHostAddress() + ":" + hold.address().getPort();
    URL url = URI.create("http://" + address + path).toURL();
    return (HttpURLConnection) url.openConnection(Proxy.NO_PROXY);
  }

  private ConfigureOptions configure(Optional<Path> credentials) {
    return new ConfigureOptions(
        hostsDir(),
        stateDir(),
        List.of(URI.create("http://10.0.0.11:29999")),
        List.of("docker.io"),
        TagPolicy.REVALIDATE,
        credentials,
        "info");
  }

  private CleanupOptions cleanup() {
    return new CleanupOptions(hostsDir(), stateDir(), "node-1", false, ANY_PORT, "info");
  }

  private Path hostsDir() {
    return node.resolve("certs.d");
  }

  private Path stateDir() {
    return node.resolve("state");
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }
}
