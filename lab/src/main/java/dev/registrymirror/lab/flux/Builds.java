package dev.registrymirror.lab.flux;

import dev.registrymirror.lab.cluster.ControlPlane;
import dev.registrymirror.lab.cluster.NodeLayout;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.Directories;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.FluxTools;
import dev.registrymirror.lab.tools.KubernetesTools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Builds all that reaches a cluster as Flux would, and has a real API server judge it: the very
 * definitions of Kubernetes, Flux and the mirror with their defaults and their rules, where schemas
 * made from them would know neither. No controller runs, so nothing is done with what is applied.
 */
final class Builds {

  private static final Duration BOUND = Duration.ofMinutes(1);
  private static final String CHART = "charts/registry-mirror";

  /** A field as the API server names it: {@code spec.ports.registry}. */
  private static final Pattern FIELD =
      Pattern.compile("(?:spec|data|metadata)(?:\\.[A-Za-z0-9_-]+)+");

  /** What the chart's schema refuses: {@code at '/uninstall': additional properties 'x'}. */
  private static final Pattern IN_VALUES =
      Pattern.compile("at '([^']*)': (?:additional properties ')?([^' ]*)");

  private final Bundle bundle;
  private final ControlPlane kubernetes;
  private final Delivery delivery;
  private final FluxTools tools = FluxTools.prepare();
  private final List<Finding> findings = new ArrayList<>();

  private Builds(Bundle bundle, String cluster, ControlPlane kubernetes) {
    this.bundle = bundle;
    this.kubernetes = kubernetes;
    this.delivery = Delivery.to(bundle, cluster);
  }

  /** What is refused, or cannot be built, on its way to that cluster. */
  static List<Finding> check(Bundle bundle, String cluster) {
    try (ControlPlane kubernetes = ControlPlane.start(ControlPlane.Options.apiServer())) {
      Builds builds = new Builds(bundle, cluster, kubernetes);
      builds.define();
      builds.run();
      return builds.findings;
    }
  }

  private void define() {
    for (FluxTools.Controller controller : FluxTools.Controller.values()) {
      define(tools.definitions(controller));
    }
    define(bundle.root().resolve(CHART + "/crds"));
    kubernetes.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s");
    kubernetes.kubectl("create", "namespace", Bundle.ENTRY);
  }

  private void define(Path definitions) {
    kubernetes.kubectl("apply", "--server-side", "-f", definitions.toString());
  }

  private void run() {
    Path entry = Path.of(Bundle.ENTRIES, delivery.cluster());
    Deque<Document> waiting = new ArrayDeque<>();
    Path folder = bundle.root().resolve(entry).resolve(Bundle.ENTRY);
    apply(kubernetes.kubectl("kustomize", folder.toString()), waiting);
    while (!waiting.isEmpty()) {
      Document flux = waiting.remove();
      built(flux).ifPresent(objects -> apply(objects, waiting));
    }
    sample(entry.resolve("registrymirror.yaml"));
  }

  /** What Flux makes of a Kustomization that the API server has, settings and all. */
  private Optional<String> built(Document flux) {
    Path path = bundle.root().resolve(Bundle.resolve("", flux.text("spec", "path")));
    try {
      return Optional.of(
          Command.output(
              BOUND,
              "",
              Map.of("NO_PROXY", "*"),
              List.of(
                  tools.flux().toString(),
                  "--kubeconfig=" + kubernetes.kubeconfig(),
                  "--namespace=" + flux.namespace(),
                  "build",
                  "kustomization",
                  flux.name(),
                  "--path=" + path,
                  "--in-memory-build",
                  "--strict-substitute")));
    } catch (LabException e) {
      findings.add(source(flux).finding("Flux cannot build it: " + reason(e)));
      return Optional.empty();
    }
  }

  private void apply(String yaml, Deque<Document> waiting) {
    for (String text : yaml.split("(?m)^---$", -1)) {
      if (text.isBlank()) {
        continue;
      }
      Document object = Bundle.documents("built", text).getFirst();
      if (!apply(object, text)) {
        continue;
      }
      switch (object.kind()) {
        case "Kustomization" -> waiting.add(object);
        case "RegistryMirror" -> paths(object);
        case "HelmRelease" -> chart(object, text);
        default -> {}
      }
    }
  }

  private boolean apply(Document object, String text) {
    try {
      inFile(text, file -> kubectlApply(file));
      return true;
    } catch (LabException refused) {
      findings.add(blame(object, reason(refused)));
      return false;
    }
  }

  private void kubectlApply(Path file, String... more) {
    kubernetes.kubectl(
        Stream.concat(
                Stream.of("apply", "--server-side", "--validate=strict", "-f", file.toString()),
                Stream.of(more))
            .toArray(String[]::new));
  }

  /** The paths of containerd are those of the platform that the settings name. */
  private void paths(Document mirror) {
    Map<String, NodeLayout> layouts = Map.of("Talos", NodeLayout.TALOS, "K3s", NodeLayout.K3S);
    NodeLayout layout = layouts.get(mirror.text("spec", "platform"));
    if (layout == null) {
      return;
    }
    expect(mirror, "socket", layout.socket());
    expect(mirror, "hostsDirectory", layout.hostsDirectory());
  }

  private void expect(Document mirror, String field, String wanted) {
    String found = mirror.text("spec", "containerd", field);
    if (!found.equals(wanted)) {
      findings.add(
          blame(
              mirror,
              "spec.containerd.%s of %s is %s, not %s"
                  .formatted(field, mirror.text("spec", "platform"), wanted, found)));
    }
  }

  /** The chart takes the values that the release gives it, and so does the API server. */
  private void chart(Document release, String text) {
    Path chart = bundle.root().resolve(CHART);
    try {
      inFile(
          text,
          file -> {
            Path values = file.resolveSibling("values.json");
            String json =
                kubernetes.kubectl("get", "-f", file.toString(), "-o", "jsonpath={.spec.values}");
            write(values, json);
            String rendered =
                Command.output(
                    BOUND,
                    "",
                    Map.of(),
                    List.of(
                        KubernetesTools.prepare().helm().toString(),
                        "template",
                        release.name(),
                        chart.toString(),
                        "--kube-version=" + KubernetesTools.VERSION,
                        "--namespace=" + release.namespace(),
                        "--values=" + values));
            inFile(rendered, objects -> kubectlApply(objects, "--dry-run=server"));
          });
    } catch (LabException refused) {
      findings.add(blame(release, "the chart with these values: " + reason(refused)));
    }
  }

  private void sample(Path file) {
    for (Document sample : bundle.files().getOrDefault(file.toString(), List.of())) {
      try {
        kubectlApply(bundle.root().resolve(file), "--dry-run=server", "--force-conflicts");
      } catch (LabException refused) {
        findings.add(field(sample, reason(refused)).finding(reason(refused)));
      }
    }
  }

  /** Where what was refused stands: the setting that brought it there, else its own place. */
  private Finding blame(Document built, String message) {
    Document at = field(source(built), message);
    boolean isItsName = message.contains("not declared") || message.contains("unknown field");
    List<Variable> variables = isItsName || at.text().isEmpty() ? List.of() : at.variables();
    return variables.stream()
        .flatMap(variable -> setting(variable.name()).stream())
        .findFirst()
        .orElse(at)
        .finding(message);
  }

  /** The field that a message names, as far as it is there. */
  private static Document field(Document source, String message) {
    Matcher inValues = IN_VALUES.matcher(message);
    if (inValues.find()) {
      return descend(
          source, "spec.values" + inValues.group(1).replace('/', '.') + "." + inValues.group(2));
    }
    Matcher field = FIELD.matcher(message);
    return field.find() ? descend(source, field.group()) : source;
  }

  private static Document descend(Document source, String path) {
    Document at = source;
    for (String key : path.split("\\.", -1)) {
      at = at.at(key).orElse(at);
    }
    return at;
  }

  private Optional<Document> setting(String name) {
    return delivery.objects().stream()
        .map(Delivery.Delivered::object)
        .filter(object -> object.kind().equals("ConfigMap"))
        .flatMap(settings -> settings.at("data", name).stream())
        .findFirst();
  }

  private Document source(Document built) {
    return delivery
        .find(built.kind(), built.namespace(), built.name())
        .orElseThrow(() -> new LabException("nothing in the bundle brings " + built.name()));
  }

  // kubectl's and Flux's own words come after the command's line.
  private static String reason(LabException failure) {
    return failure.getMessage().replaceFirst("(?s)^.*?: exit \\d+: ", "").strip();
  }

  private interface FileUse {
    void with(Path file);
  }

  private static void inFile(String text, FileUse use) {
    try {
      Path folder = Files.createTempDirectory("registry-mirror-flux");
      try {
        Path file = folder.resolve("objects.yaml");
        write(file, text);
        use.with(file);
      } finally {
        Directories.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
