package dev.registrymirror.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.registrymirror.agent.hosts.TagPolicy;
import dev.registrymirror.lab.cri.Login;
import dev.registrymirror.lab.cri.PullFailed;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.tools.Containerd;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/** A node that has images, and one of each release of containerd that pulls them by their tags. */
final class TagLab implements AutoCloseable {

  static final Login LOGIN = new Login("user", "secret");

  /** An agent remembers for 5 s that upstream is away. */
  private static final Duration FORGOTTEN = Duration.ofSeconds(20);

  private final TagPolicy policy;
  private final Lab lab = Lab.create();
  private final Node holder = lab.node("holder", Containerd.V24);
  private final List<Node> pullers =
      Arrays.stream(Containerd.values())
          .map(release -> lab.node(release.name().toLowerCase(Locale.ROOT), release))
          .toList();
  private final Image sentinel;

  TagLab(TagPolicy policy) {
    this.policy = policy;
    lab.nodes().forEach(this::startAgent);
    sentinel = held(ImageRecipe.named("sentinel:1"));
  }

  void startAgent(Node node) {
    List<String> tags = List.of("--tags", policy.name().toLowerCase(Locale.ROOT));
    node.startMirror(new AgentMirror(tags, tags));
  }

  Upstream upstream() {
    return lab.upstream();
  }

  Node holder() {
    return holder;
  }

  /** One of each release of containerd, the oldest first. */
  List<Node> pullers() {
    return pullers;
  }

  /** Pushes an image; returns when the holder has it and the cluster knows. */
  Image held(ImageRecipe recipe) {
    Image image = upstream().push(recipe);
    holder.pull(image.reference());
    Providers.await(image, holder);
    return image;
  }

  /** Upstream is itself again, and no agent remembers that it was away. */
  void restore() {
    upstream().restore();
    if (policy == TagPolicy.NEVER) {
      return;
    }
    upstream().answer(404, asked -> asked.repository().equals(sentinel.repository()));
    for (Node node : pullers) {
      Await.until(
          "upstream is looked at anew from " + node,
          FORGOTTEN,
          () -> !answersOnFallback(node, sentinel, sentinel.tag()));
    }
    upstream().restore();
  }

  /** Whether a manifest is to be had where containerd asks last. */
  boolean answersOnFallback(Node node, Image image, String reference) {
    String path =
        "/fallback/v2/%s/manifests/%s?ns=%s"
            .formatted(image.repository(), reference, image.registry());
    return lab.http().answers(node.url(AgentMirror.REGISTRY_PORT, path));
  }

  /** Pulls on each puller, all at once; what went wrong on each. */
  Map<Node, Optional<String>> pull(String reference) throws Exception {
    return pull(node -> node.pull(reference));
  }

  /** The same with a pull secret. */
  Map<Node, Optional<String>> pull(String reference, Login login) throws Exception {
    return pull(node -> node.pull(reference, login));
  }

  private Map<Node, Optional<String>> pull(Consumer<Node> how) throws Exception {
    Map<Node, Optional<String>> errors = new LinkedHashMap<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Map<Node, Future<Optional<String>>> pulls = new LinkedHashMap<>();
      pullers.forEach(node -> pulls.put(node, threads.submit(() -> error(how, node))));
      for (var pull : pulls.entrySet()) {
        errors.put(pull.getKey(), pull.getValue().get());
      }
    }
    return errors;
  }

  private static Optional<String> error(Consumer<Node> how, Node node) {
    try {
      how.accept(node);
      return Optional.empty();
    } catch (PullFailed e) {
      return Optional.of(e.getMessage());
    }
  }

  static void assertAllHave(Map<Node, Optional<String>> errors, Image image) {
    errors.forEach(
        (node, error) -> {
          error.ifPresent(message -> fail(node + ": " + message));
          assertThat(node.images()).as(node.name()).contains(image.byDigest());
        });
  }

  /**
   * @param upstreams a pattern that upstream's own error has somewhere
   */
  static void assertAllSee(Map<Node, Optional<String>> errors, String upstreams) {
    errors.forEach(
        (node, error) ->
            assertThat(error.orElse("no error"))
                .as(node.name())
                .containsPattern(upstreams)
                .doesNotContain("/fallback/"));
  }

  @Override
  public void close() {
    lab.close();
  }
}
