package dev.registrymirror.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.agent.credentials.Credential;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.tools.Containerd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code configure}, {@code serve} and {@code cleanup} write is what containerd does. */
@NeedsLab
class HostsTest {

  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir private Path temp;
  private Lab lab;
  private Node holder;
  private List<Node> pullers;

  @BeforeEach
  void open() {
    lab = Lab.create();
    holder = lab.node("holder", Containerd.V24);
    pullers =
        Arrays.stream(Containerd.values())
            .map(release -> lab.node(release.name().toLowerCase(Locale.ROOT), release))
            .toList();
  }

  @AfterEach
  void close() {
    lab.close();
  }

  @Test
  void entriesThatWereThereAreKeptAndGivenBack() throws Exception {
    // Given a hosts.toml of an administrator's, with keys at its root and a host of its own
    String original =
        """
        # Ours since 2024.
        server = "%s"
        skip_verify = true

        [host."http://192.0.2.1:5000"]
          capabilities = ["pull"]
          dial_timeout = "200ms"
          [host."http://192.0.2.1:5000".header]
            x-team = ["storage"]

        [host."%s"]
          capabilities = ["pull", "resolve"]
        """
            .formatted(lab.upstream().address(), lab.upstream().address());
    for (Node node : pullers) {
      // 1.6 and 1.7 wait for 30 s where nobody answers.
      String own =
          node.options().containerd() == Containerd.V24
              ? original
              : original.replace("http://192.0.2.1:5000", node.url(1, "").toString());
      Files.writeString(hosts(node), own);
    }
    List<String> originals = pullers.stream().map(HostsTest::read).toList();

    // When
    lab.startAgents();
    Image app = held(ImageRecipe.named("merged:1"));

    // Then bytes come from the peer
    for (Node node : pullers) {
      assertThat(hosts(node)).content().contains("# Ours since 2024.", "x-team");
      assertFromPeers(node, app);
    }

    // When what was done is undone
    for (Node node : lab.nodes()) {
      node.mirror().terminate();
      hosts(node, "cleanup");
    }

    // Then every byte is as it was, and upstream is pulled from
    assertThat(pullers.stream().map(HostsTest::read).toList()).isEqualTo(originals);
    Image late = lab.upstream().push(ImageRecipe.named("late:1"));
    for (Node node : pullers) {
      assertThat(node.pull(late.reference()).bytesFromUpstream()).isGreaterThan(late.bytes());
    }
  }

  @Test
  void registriesThatAreSeenLaterAreMirroredToo() {
    // Given no registry by name
    lab.nodes().forEach(node -> node.startMirror(new ForAllRegistries()));

    // When an image of one comes
    Image first = lab.upstream().push(ImageRecipe.named("first:1"));
    lab.nodes().forEach(node -> node.pull(first.reference()));

    // Then it is mirrored from then on, and its own upstream is kept
    for (Node node : lab.nodes()) {
      Await.until("the registry is mirrored on " + node, SOON, () -> asksTheMirror(node));
      assertThat(read(node)).contains(lab.upstream().address().toString());
    }
    Image app = held(ImageRecipe.named("later:1"));
    pullers.forEach(node -> assertFromPeers(node, app));
  }

  /** The agent, configured without {@code --registry}. */
  private static final class ForAllRegistries implements Mirror {
    private final Mirror agent = AgentMirror.plain();

    @Override
    public String name() {
      return agent.name();
    }

    @Override
    public void configure(Node node) {
      hosts(node, "configure", "--mirror", node.url(AgentMirror.REGISTRY_PORT, "").toString());
    }

    @Override
    public List<String> command(Node node) {
      return agent.command(node);
    }

    @Override
    public URI ready(Node node) {
      return agent.ready(node);
    }
  }

  @Test
  void whatIsRewrittenIsPutBackWhileServing() throws Exception {
    lab.startAgents();
    Image app = held(ImageRecipe.named("rewritten:1"));
    for (Node node : pullers) {
      assertThat(asksTheMirror(node)).isTrue();

      // When the platform makes its directory anew, as k3s does when it starts
      Files.delete(hosts(node));
      Files.delete(hosts(node).getParent());
      Files.createDirectory(hosts(node).getParent());
      Files.writeString(
          hosts(node), "server = \"" + lab.upstream().address() + "\"\n# by the platform\n");

      // Then
      Await.until("the mirror is back on " + node, SOON, () -> asksTheMirror(node));
      assertFromPeers(node, app);
    }
  }

  @Test
  void credentialIsShownByContainerdAndRotatedWithoutARestart() throws Exception {
    // Given
    Path credentials = temp.resolve("credentials");
    Files.writeString(credentials, "old:one\n");
    List<String> options = List.of("--credential-file", credentials.toString());
    lab.nodes().forEach(node -> node.startMirror(new AgentMirror(options, options)));
    Image app = held(ImageRecipe.named("credential:1"));

    // Then who has none is told nothing, and containerd has one
    for (Node node : pullers) {
      assertThatThrownBy(() -> node.get(AgentMirror.REGISTRY_PORT, "/v2/"))
          .hasMessageContaining("answers 404");
      assertFromPeers(node, app);
    }

    // When it is rotated
    Files.writeString(credentials, "new:two\nold:one\n");

    // Then containerd is given the new one, and pulls with it
    String header = new Credential("new", "two").authorization();
    for (Node node : pullers) {
      Await.until(
          "the new credential is in " + hosts(node), SOON, () -> read(node).contains(header));
    }
    Image late = held(ImageRecipe.named("rotated:1"));
    pullers.forEach(node -> assertFromPeers(node, late));
  }

  private Image held(ImageRecipe recipe) {
    Image image = lab.upstream().push(recipe);
    holder.pull(image.reference());
    Providers.await(image, holder);
    return image;
  }

  private static void assertFromPeers(Node node, Image image) {
    Pull pull = node.pull(image.reference());
    assertThat(pull.bytesFromPeers()).as(node.name()).isGreaterThan(image.bytes());
    assertThat(pull.bytesFromUpstream()).as(node.name()).isLessThan(image.bytes() / 2);
  }

  private static void hosts(Node node, String command, String... options) {
    List<String> line = new ArrayList<>();
    line.addAll(List.of(AgentMirror.find().orElseThrow().toString(), command));
    line.addAll(List.of("--hosts-dir", node.hostsDirectory().toString()));
    line.addAll(List.of("--state-dir", node.stateDirectory().toString()));
    line.addAll(List.of(options));
    node.run(line);
  }

  private static boolean asksTheMirror(Node node) {
    return read(node).contains(node.url(AgentMirror.REGISTRY_PORT, "").toString());
  }

  private static Path hosts(Node node) {
    return node.hostsFile(Upstream.REGISTRY);
  }

  private static String read(Node node) {
    try {
      return Files.readString(hosts(node));
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
