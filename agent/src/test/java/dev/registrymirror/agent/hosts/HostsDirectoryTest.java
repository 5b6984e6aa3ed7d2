package dev.registrymirror.agent.hosts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.agent.credentials.Credential;
import dev.registrymirror.agent.hosts.Report.Outcome;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostsDirectoryTest {

  private static final String NOTE =
      "# Merged by registry-mirror: the original is kept by mirror-agent, and put back by its"
          + " cleanup.\n";

  @TempDir Path node;
  private Path hosts;
  private Path state;

  @BeforeEach
  void makeHostsDirectory() throws IOException {
    hosts = Files.createDirectory(node.resolve("certs.d"));
    state = node.resolve("var/lib/registry-mirror");
  }

  private HostsSettings settings(TagPolicy tags, String... registries) {
    return new HostsSettings(
        List.of(URI.create("http://10.0.0.11:29999")), List.of(registries), tags, Optional.empty());
  }

  private HostsDirectory directory(HostsSettings settings) throws UnusableDirectoryException {
    return new HostsDirectory(hosts, state, settings);
  }

  private Path write(String name, String text) throws IOException {
    Path file = hosts.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private String read(String name) throws IOException {
    return Files.readString(hosts.resolve(name));
  }

  @Test
  void revalidateAsksUpstreamForTagsAndTheMirrorWhenUpstreamFails() throws Exception {
    Report report = directory(settings(TagPolicy.REVALIDATE, "docker.io")).configure();

    assertThat(report.isFailed()).isFalse();
    assertThat(read("docker.io/hosts.toml"))
        .isEqualTo(
            NOTE
                + """
                server = "http://10.0.0.11:29999/fallback"
                capabilities = ["pull", "resolve"]
                dial_timeout = "500ms"

                [host."http://10.0.0.11:29999"]
                capabilities = ["pull"]
                dial_timeout = "500ms"

                [host."https://registry-1.docker.io"]
                dial_timeout = "3s"
                """);
  }

  @Test
  void serveResolvesTagsAtTheMirror() throws Exception {
    directory(settings(TagPolicy.SERVE, "ghcr.io")).configure();

    assertThat(read("ghcr.io/hosts.toml"))
        .contains(
            """
            [host."http://10.0.0.11:29999"]
            capabilities = ["pull", "resolve"]
            """)
        .contains("[host.\"https://ghcr.io\"]");
  }

  @Test
  void neverLeavesTagsToUpstream() throws Exception {
    directory(settings(TagPolicy.NEVER, "ghcr.io")).configure();

    assertThat(read("ghcr.io/hosts.toml"))
        .isEqualTo(
            NOTE
                + """
                server = "https://ghcr.io"

                [host."http://10.0.0.11:29999"]
                capabilities = ["pull"]
                dial_timeout = "500ms"
                """);
  }

  @Test
  void anUpstreamThatIsAnIpv6AddressStaysServer() throws Exception {
    write("reg.lab/hosts.toml", "server = \"http://[fd00::5]:5000\"\n");

    directory(settings(TagPolicy.REVALIDATE, "reg.lab")).configure();

    // containerd 1.6 and 1.7 would ignore a file with a table of that name.
    assertThat(read("reg.lab/hosts.toml"))
        .isEqualTo(
            NOTE
                + """
                server = "http://[fd00::5]:5000"

                [host."http://10.0.0.11:29999"]
                capabilities = ["pull"]
                dial_timeout = "500ms"
                """);
  }

  @ParameterizedTest
  @ValueSource(strings = {"REVALIDATE", "SERVE", "NEVER"})
  void withoutNamesTheDefaultOnlyPulls(TagPolicy tags) throws Exception {
    directory(settings(tags)).configure();

    assertThat(read("_default/hosts.toml"))
        .isEqualTo(
            NOTE
                + """

                [host."http://10.0.0.11:29999"]
                capabilities = ["pull"]
                dial_timeout = "500ms"
                """);
  }

  @Test
  void everyMirrorIsListedInOrderAndTheLastFallbackIsTheServer() throws Exception {
    // Given two mirrors, one of an IPv6 address joined to its port by a template
    HostsSettings settings =
        new HostsSettings(
            List.of(
                HostsSettings.mirror("http://fd00::1:29999"),
                HostsSettings.mirror("http://10.0.0.11:29999")),
            List.of("ghcr.io"),
            TagPolicy.REVALIDATE,
            Optional.empty());

    // When
    directory(settings).configure();

    // Then
    HostsFile file = HostsFile.parse(Files.readAllBytes(hosts.resolve("ghcr.io/hosts.toml")));
    assertThat(file.root()).containsEntry("server", "http://10.0.0.11:29999/fallback");
    assertThat(file.hosts().keySet())
        .containsExactly(
            "http://[fd00::1]:29999",
            "http://10.0.0.11:29999",
            "https://ghcr.io",
            "http://[fd00::1]:29999/fallback");
  }

  @Test
  void credentialIsShownToTheMirrorOnlyAndReadByRootOnly() throws Exception {
    // Given
    Credential credential = new Credential("node", "secret");
    String header = "authorization = \"" + credential.authorization() + "\"";
    HostsSettings settings =
        new HostsSettings(
            List.of(URI.create("http://10.0.0.11:29999")),
            List.of("ghcr.io"),
            TagPolicy.REVALIDATE,
            Optional.of(credential));

    // When
    directory(settings).configure();

    // Then
    Path file = hosts.resolve("ghcr.io/hosts.toml");
    assertThat(Files.readString(file))
        .contains("[header]\n" + header)
        .contains("[host.\"http://10.0.0.11:29999\".header]\n" + header)
        .doesNotContain("[host.\"https://ghcr.io\".header]");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");

    // When upstream is the server
    directory(
            new HostsSettings(
                settings.mirrors(), settings.registries(), TagPolicy.NEVER, settings.credential()))
        .configure();

    // Then it is shown nothing
    assertThat(Files.readString(file)).doesNotContain("[header]");
  }

  @Test
  void whatWasThereIsMergedAndTheRootsKeysGoWithUpstream() throws Exception {
    // Given
    write(
        "reg.example.com:5000/hosts.toml",
        """
        # File generated by k3s. DO NOT EDIT.
        # second line

        server = "https://cache.example.com/v2/proxy"
        capabilities = ["pull", "resolve"]
        ca = "ca.pem"
        client = [["c.pem", "k.pem"]]
        skip_verify = true
        override_path = true
        dial_timeout = "9s"
        unknown = 1
        [header]
          x-team = ["a", "b"]
        [host]
        [host."https://z.example.com"]
        [host.'https://a.example.com']
          capabilities = ["pull"]
          odd = 2.5
          [host.'https://a.example.com'.header]
          "x y" = "z"
        """);

    // When
    directory(settings(TagPolicy.REVALIDATE, "reg.example.com:5000")).configure();

    // Then
    assertThat(read("reg.example.com:5000/hosts.toml"))
        .isEqualTo(
            """
            # File generated by k3s. DO NOT EDIT.
            # second line
            """
                + NOTE
                + """
                server = "http://10.0.0.11:29999/fallback"
                capabilities = ["pull", "resolve"]
                dial_timeout = "500ms"
                unknown = 1

                [host."http://10.0.0.11:29999"]
                capabilities = ["pull"]
                dial_timeout = "500ms"

                [host."https://z.example.com"]

                [host."https://a.example.com"]
                capabilities = ["pull"]
                odd = 2.5

                [host."https://a.example.com".header]
                "x y" = "z"

                [host."https://cache.example.com/v2/proxy"]
                capabilities = ["pull", "resolve"]
                ca = "ca.pem"
                client = [["c.pem", "k.pem"]]
                skip_verify = true
                override_path = true
                dial_timeout = "9s"

                [host."https://cache.example.com/v2/proxy".header]
                x-team = ["a", "b"]
                """);
  }

  @Test
  void upstreamThatIsAHostAlreadyIsNotListedTwice() throws Exception {
    write(
        "ghcr.io/hosts.toml",
        """
        server = "https://ghcr.io/v2"
        [host."https://ghcr.io"]
        [host."https://other.example.com"]
        """);

    directory(settings(TagPolicy.REVALIDATE, "ghcr.io")).configure();

    assertThat(hostsOf("ghcr.io"))
        .containsExactly("http://10.0.0.11:29999", "https://ghcr.io", "https://other.example.com");
  }

  @Test
  void upstreamThatIsAHostForLessIsListedBesides() throws Exception {
    write("ghcr.io/hosts.toml", "[host.\"https://ghcr.io\"]\ncapabilities = [\"pull\"]\n");

    directory(settings(TagPolicy.REVALIDATE, "ghcr.io")).configure();

    assertThat(hostsOf("ghcr.io"))
        .containsExactly("http://10.0.0.11:29999", "https://ghcr.io", "https://ghcr.io/v2");
  }

  @Test
  void rootWithoutServerKeepsWhatContainerdTakesFromIt() throws Exception {
    // Given keys that containerd overwrites where no server is named, and one that it does not
    write("ghcr.io/hosts.toml", "override_path = true\ncapabilities = [\"pull\"]\nca = \"x\"\n");

    directory(settings(TagPolicy.REVALIDATE, "ghcr.io")).configure();

    assertThat(
            HostsFile.parse(Files.readAllBytes(hosts.resolve("ghcr.io/hosts.toml")))
                .hosts()
                .get("https://ghcr.io"))
        .containsOnlyKeys("ca", "dial_timeout");
  }

  @Test
  void certificateFilesStillCountForUpstream() throws Exception {
    // Given Docker's layout, which containerd reads only where there is no hosts.toml
    write("ghcr.io/ca.crt", "");
    write("ghcr.io/client.cert", "");
    write("ghcr.io/client.key", "");
    write("ghcr.io/both.cert", "");

    directory(settings(TagPolicy.REVALIDATE, "ghcr.io")).configure();

    assertThat(read("ghcr.io/hosts.toml"))
        .endsWith(
            """
            [host."https://ghcr.io"]
            ca = ["ca.crt"]
            client = [["both.cert", "both.cert"], ["client.cert", "client.key"]]
            dial_timeout = "3s"
            """);
  }

  @Test
  void registryWithoutAFolderStartsFromTheDefault() throws Exception {
    // Given what containerd takes for every registry without a folder
    write(
        "_default/hosts.toml",
        """
        ca = "ca.pem"
        [host."https://cache.example.com"]
        ca = ["/etc/ca.pem", "own.pem"]
        """);

    // When
    directory(settings(TagPolicy.REVALIDATE, "ghcr.io")).configure();

    // Then
    HostsFile file = HostsFile.parse(Files.readAllBytes(hosts.resolve("ghcr.io/hosts.toml")));
    assertThat(file.hosts().get("https://cache.example.com"))
        .containsEntry("ca", List.of("/etc/ca.pem", "../_default/own.pem"));
    assertThat(file.hosts().get("https://ghcr.io")).containsEntry("ca", "../_default/ca.pem");
    assertThat(read("_default/hosts.toml")).doesNotContain("10.0.0.11");
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, https://localhost, true",
    "localhost:5000, http://localhost:5000, true",
    "127.0.0.1:80, http://127.0.0.1:80, false",
    "[::1]:443, https://[::1]:443, true",
    "127.example.com, https://127.example.com, false",
  })
  void loopbackRegistriesAreReachedAsContainerdReachesThem(
      String registry, String url, boolean unverified) throws Exception {
    directory(settings(TagPolicy.REVALIDATE, registry)).configure();

    HostsFile file = HostsFile.parse(Files.readAllBytes(hosts.resolve(registry + "/hosts.toml")));
    // An IPv6 address cannot be a table that 1.6 and 1.7 read.
    Map<String, Object> upstream = url.contains("]") ? file.root() : file.hosts().get(url);
    assertThat(upstream).isNotNull();
    assertThat(upstream.containsKey("skip_verify")).isEqualTo(unverified);
    if (url.contains("]")) {
      assertThat(upstream).containsEntry("server", url);
    }
  }

  @Test
  void folderWithoutColonIsTheOneThatContainerdReads() throws Exception {
    write("reg.example.com_5000_/hosts.toml", "server = \"https://reg.example.com:5000\"\n");

    directory(settings(TagPolicy.REVALIDATE, "reg.example.com:5000")).configure();

    assertThat(read("reg.example.com_5000_/hosts.toml")).contains("10.0.0.11");
    assertThat(hosts.resolve("reg.example.com:5000")).doesNotExist();
  }

  @Test
  void allRegistriesAlsoMeansThoseWithAFolderAndThoseSeenLater() throws Exception {
    // Given
    write("ghcr.io/hosts.toml", "server = \"https://ghcr.io\"\n");
    write("lost+found/hosts.toml", "not = \"ours\"\n");
    HostsDirectory directory = directory(settings(TagPolicy.REVALIDATE));

    // When
    directory.configure();
    Report added = directory.add("quay.io");

    // Then
    assertThat(added.isChanged()).isTrue();
    assertThat(hostsOf("ghcr.io")).contains("http://10.0.0.11:29999", "https://ghcr.io");
    assertThat(hostsOf("quay.io")).contains("http://10.0.0.11:29999", "https://quay.io");
    assertThat(read("lost+found/hosts.toml")).doesNotContain("10.0.0.11");

    // When configured again, as the next agent does
    Report again = directory(settings(TagPolicy.REVALIDATE)).configure();

    // Then what was seen stays
    assertThat(again.isChanged()).isFalse();
    assertThat(hostsOf("quay.io")).contains("http://10.0.0.11:29999");

    // And where registries are named none is added
    HostsDirectory named = directory(settings(TagPolicy.REVALIDATE, "ghcr.io"));
    named.configure();
    assertThat(named.add("quay.io").entries()).isEmpty();
    assertThat(hosts.resolve("quay.io")).doesNotExist();
    assertThat(hosts.resolve("_default")).doesNotExist();
  }

  @Test
  void twiceIsOnce() throws Exception {
    // Given
    write("ghcr.io/hosts.toml", "server = \"https://ghcr.io\"\n");
    HostsSettings settings = settings(TagPolicy.REVALIDATE, "ghcr.io", "docker.io");
    directory(settings).configure();
    FileTime longAgo = FileTime.fromMillis(0);
    List<Path> files = files();
    for (Path file : files) {
      Files.setLastModifiedTime(file, longAgo);
    }

    // When
    Report report = directory(settings).configure();

    // Then nothing was written, neither there nor in the state
    assertThat(report.entries()).extracting(Report.Entry::outcome).containsOnly(Outcome.UNCHANGED);
    assertThat(files()).isEqualTo(files);
    for (Path file : files) {
      assertThat(Files.getLastModifiedTime(file)).isEqualTo(longAgo);
    }
  }

  private List<Path> files() throws IOException {
    try (var files = Files.walk(node)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @Test
  void cleanupRestoresBytesAndModeAndRemovesWhatWasNotThere() throws Exception {
    // Given a file with a mode of its own, a folder without a file, and two registries without any
    Path file = write("ghcr.io/hosts.toml", "server   =   \"https://ghcr.io\" # as it was\r\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    write("quay.io/ca.crt", "");
    HostsSettings settings =
        settings(TagPolicy.REVALIDATE, "ghcr.io", "quay.io", "docker.io", "gcr.io");
    directory(settings).configure();
    assertThat(file).content().contains("10.0.0.11");
    write("gcr.io/somebody.crt", "");

    // When
    Report report = HostsDirectory.forCleanup(hosts, state).cleanup();

    // Then
    assertThat(report.isFailed()).isFalse();
    assertThat(file).hasContent("server   =   \"https://ghcr.io\" # as it was\r\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r-----");
    assertThat(hosts.resolve("quay.io")).isDirectoryContaining(path -> path.endsWith("ca.crt"));
    assertThat(hosts.resolve("quay.io/hosts.toml")).doesNotExist();
    assertThat(hosts.resolve("docker.io")).doesNotExist();
    assertThat(hosts.resolve("gcr.io/hosts.toml")).doesNotExist();
    assertThat(hosts.resolve("gcr.io/somebody.crt")).exists();

    // When once more
    assertThat(HostsDirectory.forCleanup(hosts, state).cleanup().entries()).isEmpty();
  }

  @Test
  void hostsDirectoryThatWasNotThereIsMadeAndRemoved() throws Exception {
    Files.delete(hosts);

    directory(settings(TagPolicy.REVALIDATE, "ghcr.io")).configure();
    assertThat(hostsOf("ghcr.io")).hasSize(2);

    HostsDirectory.forCleanup(hosts, state).cleanup();
    assertThat(hosts).doesNotExist();
  }

  @Test
  void rewrittenFileIsANewOriginal() throws Exception {
    // Given
    write("ghcr.io/hosts.toml", "server = \"https://one.example.com\"\n");
    HostsDirectory directory = directory(settings(TagPolicy.REVALIDATE, "ghcr.io"));
    directory.configure();
    assertThat(directory.upstream("ghcr.io")).isEqualTo(URI.create("https://one.example.com/v2"));

    // When
    write("ghcr.io/hosts.toml", "server = \"https://two.example.com\"\n");
    directory.configure();

    // Then
    assertThat(hostsOf("ghcr.io"))
        .containsExactly("http://10.0.0.11:29999", "https://two.example.com");
    assertThat(directory.upstream("ghcr.io")).isEqualTo(URI.create("https://two.example.com/v2"));
    directory.cleanup();
    assertThat(read("ghcr.io/hosts.toml")).isEqualTo("server = \"https://two.example.com\"\n");
  }

  @Test
  void editedMergedFileIsAnOriginalWithoutTheMirror() throws Exception {
    // Given
    write("ghcr.io/hosts.toml", "server = \"https://one.example.com\"\nca = \"x\"\n");
    HostsDirectory directory = directory(settings(TagPolicy.REVALIDATE, "ghcr.io"));
    directory.configure();

    // When somebody adds a host to what the mirror wrote
    String merged = read("ghcr.io/hosts.toml");
    write(
        "ghcr.io/hosts.toml",
        merged.replace(
            "[host.\"https://one", "[host.\"https://added.example.com\"]\n[host.\"https://one"));
    directory.configure();

    // Then
    assertThat(hostsOf("ghcr.io"))
        .containsExactly(
            "http://10.0.0.11:29999", "https://added.example.com", "https://one.example.com");
    directory.cleanup();
    assertThat(read("ghcr.io/hosts.toml"))
        .isEqualTo(
            """
            server = "https://one.example.com"
            ca = "x"

            [host."https://added.example.com"]
            """);
  }

  @Test
  void cleanupKeepsWhatSomebodyElseWroteAndSaysSo() throws Exception {
    // Given
    write("ghcr.io/hosts.toml", "server = \"https://one.example.com\"\n");
    directory(settings(TagPolicy.REVALIDATE, "ghcr.io")).configure();
    write("ghcr.io/hosts.toml", "server = \"https://two.example.com\"\n");

    // When
    Report report = HostsDirectory.forCleanup(hosts, state).cleanup();

    // Then
    assertThat(report.isFailed()).isFalse();
    assertThat(report.entries()).singleElement().extracting("outcome").isEqualTo(Outcome.KEPT);
    assertThat(read("ghcr.io/hosts.toml")).contains("two");
    String detail = report.entries().getFirst().detail();
    Path kept = Path.of(detail.substring(detail.indexOf(state.toString())));
    assertThat(kept).hasContent("server = \"https://one.example.com\"");
    assertThat(HostsDirectory.forCleanup(hosts, state).cleanup().entries()).isEmpty();
  }

  @Test
  void serveKnowsWhatConfigureWasToldUntilCleanup() throws Exception {
    // Given
    directory(settings(TagPolicy.SERVE, "ghcr.io")).configure();

    // When
    HostsDirectory serve =
        HostsDirectory.configured(hosts, state, Optional.of(new Credential("a", "b")))
            .orElseThrow();
    write("ghcr.io/hosts.toml", "");
    serve.putBack();

    // Then
    assertThat(read("ghcr.io/hosts.toml")).contains("10.0.0.11", "authorization");

    // When
    HostsDirectory.forCleanup(hosts, state).cleanup();
    serve.putBack();
    serve.add("ghcr.io");

    // Then
    assertThat(read("ghcr.io/hosts.toml")).isEmpty();
    assertThat(HostsDirectory.configured(hosts, state, Optional.empty())).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1|server = ",
        "3|a = 1\n\n[host.\"https://x\"\n",
        "2|[host]\n\"https://x\" = 3\n",
        "2|[host.\"https://x\"]\ncapabilities = [\"fly\"]\n",
        "1|capabilities = \"pull\"\n",
      })
  void malformedFileIsLeftAloneAndTheOthersAreDone(String lineAndText) throws Exception {
    // Given
    String text = lineAndText.substring(2);
    write("ghcr.io/hosts.toml", text);

    // When
    Report report = directory(settings(TagPolicy.REVALIDATE, "ghcr.io", "quay.io")).configure();

    // Then
    assertThat(report.isFailed()).isTrue();
    assertThat(report.entries().getFirst().toString())
        .startsWith(
            hosts.resolve("ghcr.io/hosts.toml") + ": failed: line " + lineAndText.charAt(0) + ": ");
    assertThat(read("ghcr.io/hosts.toml")).isEqualTo(text);
    assertThat(hostsOf("quay.io")).isNotEmpty();
  }

  @Test
  void notUtf8IsReportedWithItsLine() throws Exception {
    Files.createDirectory(hosts.resolve("ghcr.io"));
    Files.write(hosts.resolve("ghcr.io/hosts.toml"), new byte[] {'#', '\n', '#', (byte) 0xff});

    Report report = directory(settings(TagPolicy.REVALIDATE, "ghcr.io")).configure();

    assertThat(report.entries().getFirst().detail()).startsWith("line 2: not UTF-8");
  }

  @Test
  void symbolicLinksAreNotFollowed() throws Exception {
    // Given a folder and a file that lead out of the directory
    Path outside = Files.createDirectory(node.resolve("outside"));
    Files.writeString(outside.resolve("hosts.toml"), "server = \"https://x\"\n");
    Files.createSymbolicLink(hosts.resolve("ghcr.io"), outside);
    Files.createDirectory(hosts.resolve("quay.io"));
    Files.createSymbolicLink(hosts.resolve("quay.io/hosts.toml"), outside.resolve("hosts.toml"));

    // When
    Report report = directory(settings(TagPolicy.REVALIDATE, "ghcr.io", "quay.io")).configure();

    // Then
    assertThat(report.entries()).extracting(Report.Entry::outcome).containsOnly(Outcome.FAILED);
    assertThat(report.entries().getFirst().detail()).contains("symbolic link");
    assertThat(outside.resolve("hosts.toml")).hasContent("server = \"https://x\"");
    assertThat(Files.exists(hosts.resolve("ghcr.io"), LinkOption.NOFOLLOW_LINKS)).isTrue();
  }

  @Test
  void unusableDirectoriesAreRefusedAndNothingIsWritten() throws Exception {
    HostsSettings settings = settings(TagPolicy.REVALIDATE, "ghcr.io");
    Path file = Files.writeString(node.resolve("file"), "");

    assertThatThrownBy(() -> new HostsDirectory(file, state, settings).configure())
        .isInstanceOf(UnusableDirectoryException.class)
        .hasMessageContaining("not a directory");
    assertThatThrownBy(
            () -> new HostsDirectory(node.resolve("no/such"), state, settings).configure())
        .isInstanceOf(UnusableDirectoryException.class)
        .hasMessageContaining("--hosts-dir");
    assertThatThrownBy(() -> new HostsDirectory(hosts, hosts.resolve("state"), settings))
        .isInstanceOf(UnusableDirectoryException.class)
        .hasMessageContaining("--state-dir");
    assertThat(state).doesNotExist();
    assertThatThrownBy(() -> new HostsDirectory(hosts, file, settings).configure())
        .isInstanceOf(UnusableDirectoryException.class)
        .hasMessageContaining("--state-dir");
    assertThat(hosts).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"../etc", "ghcr.io/x", "", "UPPER", "a b", "https://ghcr.io"})
  void malformedRegistriesAreRefused(String registry) {
    assertThatThrownBy(() -> settings(TagPolicy.REVALIDATE, registry))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not a registry: " + registry);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"10.0.0.1:29999", "ftp://x:1", "http://u:p@x:1", "http://x/path", "http://", "::"})
  void malformedMirrorsAreRefused(String mirror) {
    assertThatThrownBy(() -> HostsSettings.mirror(mirror))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("http://IP:PORT");
  }

  private List<String> hostsOf(String folder) throws Exception {
    HostsFile file = HostsFile.parse(Files.readAllBytes(hosts.resolve(folder + "/hosts.toml")));
    return List.copyOf(file.hosts().keySet());
  }
}
