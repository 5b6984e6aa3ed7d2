package dev.registrymirror.agent.hosts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.credentials.Credential;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;

/** What holds for any hosts directory, and wherever the process dies. */
class HostsDirectoryPropertiesTest {

  private static final List<String> FOLDERS =
      List.of("_default", "docker.io", "ghcr.io", "reg.example.com:5000", "reg.example.com_5000_");
  private static final List<String> REGISTRIES =
      List.of("docker.io", "ghcr.io", "reg.example.com:5000", "localhost:5000");

  private static final List<String> URLS =
      List.of(
          "https://one.example.com",
          "https://ghcr.io",
          "https://registry-1.docker.io/v2",
          "http://[::1]:5000");
  private static final List<String> KEYS =
      List.of(
          "capabilities = [\"pull\", \"resolve\"]\n",
          "ca = \"ca.pem\"\n",
          "client = [[\"a.cert\", \"a.key\"]]\n",
          "skip_verify = true\n",
          "override_path = true\n",
          "dial_timeout = \"7s\"\n",
          "unknown = { a = 1, \"b c\" = [1979-05-27, 1.5] }\n");
  private static final URI IPV4 = URI.create("http://10.0.0.11:29999");
  private static final URI IPV6 = URI.create("http://[fd00::1]:29999");

  /** A folder of a registry: its hosts.toml, if any, with its mode, and its certificate files. */
  record Folder(String name, Optional<String> text, String mode, List<String> certificates) {}

  /** Where the process dies. */
  private static final class Crash extends Error {
    private static final long serialVersionUID = 1;
  }

  /** A disk that dies after so many changes. */
  private static final class MortalDisk extends Disk {
    private int left;

    MortalDisk(int changes) {
      left = changes;
    }

    @Override
    void changed(String step, Path path) {
      if (left-- == 0) {
        throw new Crash();
      }
    }
  }

  private Path node;
  private Path hosts;
  private Path state;

  @BeforeTry
  void makeNode() throws IOException {
    node = Files.createTempDirectory("hosts-properties");
    hosts = node.resolve("certs.d");
    state = node.resolve("state");
  }

  @AfterTry
  void removeNode() throws IOException {
    try (Stream<Path> all = Files.walk(node)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  @Property(tries = 25)
  void cleanupRestoresByteForByteWhateverWasConfigured(@ForAll long seed) throws Exception {
    // Given
    Draw draw = new Draw(seed);
    List<Folder> tree = draw.tree();
    HostsSettings first = draw.settings();
    HostsSettings second = draw.settings();
    lay(tree);
    Map<String, String> before = snapshot(hosts);

    // When
    assertThat(directory(first).configure().isFailed()).isFalse();
    assertThat(directory(second).configure().isFailed()).isFalse();
    assertThat(HostsDirectory.forCleanup(hosts, state).cleanup().isFailed()).isFalse();

    // Then
    assertThat(snapshot(hosts)).isEqualTo(before);
    assertThat(HostsDirectory.forCleanup(hosts, state).cleanup().entries()).isEmpty();
  }

  @Property(tries = 25)
  void configuringTwiceIsConfiguringOnce(@ForAll long seed) throws Exception {
    // Given
    Draw draw = new Draw(seed);
    List<Folder> tree = draw.tree();
    HostsSettings settings = draw.settings();
    lay(tree);
    directory(settings).configure();
    Map<String, String> once = snapshot(node);

    // When
    Report report = directory(settings).configure();

    // Then
    assertThat(report.isChanged()).isFalse();
    assertThat(snapshot(node)).isEqualTo(once);
  }

  @Property(tries = 25)
  void mergingLosesNoHostAndPutsTheMirrorFirst(@ForAll long seed) throws Exception {
    // Given
    Draw draw = new Draw(seed);
    List<Folder> tree = draw.tree();
    HostsSettings settings = draw.settings();
    lay(tree);
    Map<String, HostsFile> before = files();

    // When
    directory(settings).configure();

    // Then
    Map<String, HostsFile> after = files();
    before.forEach(
        (folder, file) -> {
          HostsFile merged = after.get(folder);
          assertThat(merged.header()).containsAll(file.header());
          List<String> urls = List.copyOf(merged.hosts().keySet());
          if (!merged.equals(file)) {
            assertThat(urls.getFirst()).isEqualTo(settings.mirrors().getFirst().toString());
          }
          assertThat(urls.stream().filter(file.hosts()::containsKey))
              .containsExactlyElementsOf(file.hosts().keySet());
          file.hosts().forEach((url, keys) -> assertThat(merged.hosts().get(url)).isEqualTo(keys));
          if (file.root().get("server") instanceof String server) {
            assertThat(Stream.concat(urls.stream(), Stream.of(merged.root().get("server"))))
                .anyMatch(url -> url.toString().startsWith(server));
          }
          assertThat(merged.root().get("unknown")).isEqualTo(file.root().get("unknown"));
        });
  }

  @Property(tries = 3)
  void crashWhileConfiguringLosesNothing(@ForAll long seed) throws Exception {
    for (int changes = 0; crashWhileConfiguring(seed, changes); changes++) {
      removeNode();
      makeNode();
    }
  }

  /** Returns whether it came to that many changes. */
  private boolean crashWhileConfiguring(long seed, int changes) throws Exception {
    // Given
    Draw draw = new Draw(seed);
    List<Folder> tree = draw.tree();
    HostsSettings first = draw.settings();
    HostsSettings second = draw.settings();
    lay(tree);
    Map<String, String> before = snapshot(hosts);
    directory(first).configure();

    // When the process dies while it configures something else
    boolean crashed = crash(changes, Optional.of(second), HostsDirectory::configure);

    // Then every file is whole
    assertThat(files()).isNotNull();

    // And another run does what the first would have done
    directory(second).configure();
    Map<String, String> after = snapshot(hosts);
    assertThat(directory(second).configure().isChanged()).isFalse();
    assertThat(after.keySet()).noneMatch(name -> name.endsWith(".tmp"));

    // And cleanup knows the originals
    HostsDirectory.forCleanup(hosts, state).cleanup();
    assertThat(snapshot(hosts)).isEqualTo(before);
    return crashed;
  }

  @Property(tries = 3)
  void crashWhileCleaningUpLosesNothing(@ForAll long seed) throws Exception {
    for (int changes = 0; crashWhileCleaningUp(seed, changes); changes++) {
      removeNode();
      makeNode();
    }
  }

  /** Returns whether it came to that many changes. */
  private boolean crashWhileCleaningUp(long seed, int changes) throws Exception {
    // Given
    Draw draw = new Draw(seed);
    List<Folder> tree = draw.tree();
    HostsSettings settings = draw.settings();
    lay(tree);
    Map<String, String> before = snapshot(hosts);
    directory(settings).configure();

    // When
    boolean crashed = crash(changes, Optional.empty(), HostsDirectory::cleanup);
    Report report = HostsDirectory.forCleanup(hosts, state).cleanup();

    // Then
    assertThat(report.isFailed()).isFalse();
    assertThat(snapshot(hosts)).isEqualTo(before);
    return crashed;
  }

  private interface Work {
    Report on(HostsDirectory directory) throws UnusableDirectoryException;
  }

  private boolean crash(int changes, Optional<HostsSettings> settings, Work work)
      throws UnusableDirectoryException {
    try {
      work.on(new HostsDirectory(new MortalDisk(changes), hosts, state, settings));
      return false;
    } catch (Crash e) {
      return true;
    }
  }

  private HostsDirectory directory(HostsSettings settings) throws UnusableDirectoryException {
    return new HostsDirectory(hosts, state, settings);
  }

  private void lay(List<Folder> tree) throws IOException {
    if (tree.isEmpty()) {
      return;
    }
    Files.createDirectory(hosts);
    for (Folder folder : tree) {
      Path path = Files.createDirectory(hosts.resolve(folder.name));
      if (folder.text.isPresent()) {
        Path file = Files.writeString(path.resolve("hosts.toml"), folder.text.get());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(folder.mode));
      }
      for (String certificate : folder.certificates) {
        Files.writeString(path.resolve(certificate), "certificate");
      }
    }
  }

  /** Every path with its mode, its bytes where it has some. */
  private static Map<String, String> snapshot(Path top) throws IOException {
    Map<String, String> snapshot = new TreeMap<>();
    if (!Files.exists(top)) {
      return snapshot;
    }
    try (Stream<Path> all = Files.walk(top)) {
      for (Path path : all.toList()) {
        String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
        String bytes =
            Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) ? Files.readString(path) : "";
        snapshot.put(path.toString(), mode + " " + bytes);
      }
    }
    return snapshot;
  }

  /** Every hosts.toml, by folder; each must be whole. */
  private Map<String, HostsFile> files() throws Exception {
    Map<String, HostsFile> files = new TreeMap<>();
    for (Path folder : Disk.list(hosts)) {
      Optional<byte[]> bytes = Disk.read(folder.resolve("hosts.toml"));
      if (bytes.isPresent() && !folder.getFileName().toString().startsWith(".")) {
        files.put(folder.getFileName().toString(), HostsFile.parse(bytes.get()));
      }
    }
    return files;
  }

  /** Draws trees and settings; a failure is run again by its seed, which jqwik prints. */
  private static final class Draw {
    private final Random random;

    Draw(long seed) {
      random = new Random(seed);
    }

    private <T> T one(List<T> of) {
      return of.get(random.nextInt(of.size()));
    }

    private <T> List<T> some(List<T> of) {
      List<T> shuffled = new ArrayList<>(of);
      Collections.shuffle(shuffled, random);
      return shuffled.subList(0, random.nextInt(of.size() + 1));
    }

    HostsSettings settings() {
      List<URI> mirrors =
          random.nextBoolean()
              ? List.of(IPV4)
              : random.nextBoolean() ? List.of(IPV6, IPV4) : List.of(IPV6);
      return new HostsSettings(
          mirrors,
          random.nextInt(3) == 0 ? List.of() : some(REGISTRIES),
          one(List.of(TagPolicy.values())),
          random.nextBoolean() ? Optional.of(new Credential("node", "secret")) : Optional.empty());
    }

    List<Folder> tree() {
      return some(FOLDERS).stream()
          .map(
              name ->
                  new Folder(
                      name,
                      random.nextInt(4) == 0 ? Optional.empty() : Optional.of(text()),
                      one(List.of("rw-r--r--", "rw-------", "rwxr-x---")),
                      some(List.of("ca.crt", "client.cert", "client.key", "other.cert"))))
          .toList();
    }

    /** A hosts.toml as somebody may have written it. */
    private String text() {
      StringBuilder text = new StringBuilder();
      text.append(one(List.of("", "# File generated by k3s. DO NOT EDIT.\n", "# a\n#b\n\n", "\n")));
      text.append(
          one(
              List.of(
                  "",
                  "server = \"https://one.example.com\"\n",
                  "server = 'http://two.example.com:80/v2'\r\n",
                  "server = \"https://registry-1.docker.io\" # Docker\n")));
      some(KEYS).forEach(text::append);
      for (String url : some(URLS)) {
        text.append("[host.\"" + url + "\"]\n");
        some(KEYS).forEach(text::append);
        text.append(
            one(
                List.of(
                    "",
                    "header.x-team = [\"a\"]\n",
                    "[host.\"" + url + "\".header]\nx = \"\"\"y\nz\"\"\"\n")));
      }
      return text.toString();
    }
  }
}
