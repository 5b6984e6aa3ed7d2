package dev.registrymirror.lab.docs;

import dev.registrymirror.lab.cluster.ControlPlane;
import dev.registrymirror.lab.flux.Finding;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.FluxTools;
import dev.registrymirror.lab.tools.KubernetesTools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.commonmark.node.FencedCodeBlock;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.tomlj.Toml;

/**
 * Whether the examples of a page are taken by those whom they are for: TOML and YAML by a parser,
 * objects of Kubernetes, Flux's and ours among them, by a real API server, and what Helm installs
 * by Helm and the chart's schema.
 */
final class Examples implements AutoCloseable {

  private static final Duration BOUND = Duration.ofMinutes(1);

  /** Of the tool kind, which no API server knows. */
  private static final String KIND = "kind.x-k8s.io/";

  /** What a block that is a spec and no more is to be put under. */
  private static final String MIRROR =
      """
      apiVersion: registrymirror.dev/v1alpha1
      kind: RegistryMirror
      metadata: {name: example, namespace: kube-system}
      """;

  private final Path root;
  private final ControlPlane kubernetes = ControlPlane.start(ControlPlane.Options.apiServer());

  Examples(Path root) {
    this.root = root;
    for (FluxTools.Controller controller : FluxTools.Controller.values()) {
      define(FluxTools.prepare().definitions(controller));
    }
    define(root.resolve("charts/registry-mirror/crds"));
    kubernetes.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s");
  }

  private void define(Path definitions) {
    kubernetes.kubectl("apply", "--server-side", "-f", definitions.toString());
  }

  List<Finding> check(Page page) {
    Stream<Finding> blocks =
        page.blocks()
            .flatMap(
                block ->
                    problem(block).map(found -> page.finding(Page.line(block), found)).stream());
    Stream<Finding> releases =
        ShellCommand.on(page)
            .filter(command -> command.runs("helm", "install"))
            .flatMap(
                command ->
                    template(command).map(found -> page.finding(command.line(), found)).stream());
    return Stream.concat(blocks, releases).toList();
  }

  private Optional<String> problem(FencedCodeBlock block) {
    return switch (block.getInfo()) {
      case "toml" ->
          Toml.parse(block.getLiteral()).errors().stream().findFirst().map(Object::toString);
      case "yaml" -> inYaml(block.getLiteral());
      default -> Optional.empty();
    };
  }

  private Optional<String> inYaml(String yaml) {
    List<Map<?, ?>> objects = new ArrayList<>();
    try {
      for (Object document : new Load(LoadSettings.builder().build()).loadAllFromString(yaml)) {
        if (document instanceof Map<?, ?> object) {
          objects.add(object);
        }
      }
    } catch (YamlEngineException e) {
      return Optional.of("is no YAML: " + e.getMessage());
    }
    if (objects.stream().anyMatch(object -> object.keySet().equals(Set.of("spec")))) {
      return refusal(MIRROR + yaml);
    }
    return objects.stream().anyMatch(Examples::isForKubernetes) ? refusal(yaml) : Optional.empty();
  }

  private static boolean isForKubernetes(Map<?, ?> object) {
    return object.containsKey("kind") && !String.valueOf(object.get("apiVersion")).startsWith(KIND);
  }

  private Optional<String> refusal(String yaml) {
    try {
      Path file = Files.createTempFile("registry-mirror-docs", ".yaml");
      try {
        Files.writeString(file, yaml);
        kubernetes.kubectl(
            "apply",
            "--server-side",
            "--validate=strict",
            "--dry-run=server",
            "-f",
            file.toString());
        return Optional.empty();
      } catch (LabException refused) {
        return Optional.of(reason(refused));
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Optional<String> template(ShellCommand install) {
    try {
      Command.run(
          BOUND,
          "",
          Map.of("HOME", kubernetes.directory().toString()),
          root,
          Stream.concat(
                  Stream.of(
                      KubernetesTools.prepare().helm().toString(),
                      "template",
                      "--kube-version=" + KubernetesTools.VERSION),
                  install.words().stream().skip(2))
              .toList());
      return Optional.empty();
    } catch (LabException refused) {
      return Optional.of(reason(refused));
    }
  }

  // What the program wrote comes after its command line.
  private static String reason(LabException failure) {
    return failure.getMessage().replaceFirst("(?s)^.*?: exit \\d+: ", "").strip();
  }

  @Override
  public void close() {
    kubernetes.close();
  }
}
