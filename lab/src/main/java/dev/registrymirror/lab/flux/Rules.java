package dev.registrymirror.lab.flux;

import dev.registrymirror.lab.flux.Delivery.Delivered;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What must hold of the bundle's files, and what no API server can know. */
final class Rules {

  /** What the cluster itself has, and the bundle only waits for. */
  static final String NETWORK = "cilium";

  /** All that the bundle is made of; whatever else would be another way to install something. */
  private static final Set<String> KINDS =
      Set.of(
          "GitRepository",
          "OCIRepository",
          "Kustomization",
          "HelmRelease",
          "ConfigMap",
          "RegistryMirror");

  /** Of which a cluster has one. */
  private static final List<String> ONCE = List.of("HelmRelease", "RegistryMirror");

  private static final String SETTINGS = "spegel-settings";

  /** A folder for each cluster's own settings. */
  private static final Path CLUSTERS = Path.of("kubernetes", "clusters");

  private final Bundle bundle;
  private final List<Finding> findings = new ArrayList<>();

  private Rules(Bundle bundle) {
    this.bundle = bundle;
  }

  /** What breaks a rule, in the order of the files. */
  static List<Finding> check(Bundle bundle) {
    Rules rules = new Rules(bundle);
    rules.findings.addAll(bundle.unreadable());
    rules.files();
    rules.noNetwork();
    rules.noHelmfile();
    for (String cluster : bundle.clusters()) {
      Delivery delivery = Delivery.to(bundle, cluster);
      rules.kinds(delivery);
      rules.names(delivery);
      rules.references(delivery);
      rules.cycles(delivery);
      rules.settings(delivery);
      rules.timeouts(delivery);
    }
    // What two clusters share is found wrong twice.
    return rules.findings.stream().distinct().sorted().toList();
  }

  /** Every file is listed by a kustomization, and no kustomization moves what it lists. */
  private void files() {
    for (Map.Entry<String, List<Document>> entry : bundle.files().entrySet()) {
      Path file = Path.of(entry.getKey());
      List<Document> documents = entry.getValue();
      if (file.endsWith(Bundle.KUSTOMIZATION)) {
        documents.forEach(this::kustomization);
      } else if (!isSample(file) && !isListed(file)) {
        findings.add(
            new Finding(
                entry.getKey(),
                1,
                "no kustomization.yaml lists it: list it, or name it there in a comment where it"
                    + " is left out"));
      }
    }
  }

  // Beside a cluster's entry, for kubectl.
  private static boolean isSample(Path file) {
    return file.startsWith(Bundle.ENTRIES) && file.getNameCount() == 3;
  }

  private boolean isListed(Path file) {
    for (Path folder = file.getParent(); folder != null; folder = folder.getParent()) {
      Path kustomization = bundle.root().resolve(folder).resolve(Bundle.KUSTOMIZATION);
      if (Files.exists(kustomization)
          && read(kustomization)
              .lines()
              .anyMatch(line -> line.endsWith("- " + relative(kustomization, file)))) {
        return true;
      }
    }
    return false;
  }

  private String relative(Path kustomization, Path file) {
    return kustomization.getParent().relativize(bundle.root().resolve(file)).toString();
  }

  private void kustomization(Document kustomization) {
    kustomization
        .at("namespace")
        .ifPresent(
            found ->
                findings.add(
                    found.finding(
                        "sets the namespace of all below: Flux Kustomizations would leave"
                            + " flux-system, and what they depend on")));
    String folder = Path.of(kustomization.file()).getParent().toString();
    for (Document resource : kustomization.list("resources")) {
      if (!Files.exists(bundle.root().resolve(Bundle.resolve(folder, resource.text())))) {
        findings.add(resource.finding(resource.text() + " is not there"));
      }
    }
  }

  private void noNetwork() {
    bundle.objects().stream()
        .filter(object -> object.name().equals(NETWORK))
        .forEach(
            object ->
                findings.add(
                    object.finding(
                        "is called "
                            + NETWORK
                            + ": it would replace the cluster's own, and prune its network")));
  }

  private void noHelmfile() {
    try (Stream<Path> files = Files.walk(bundle.root())) {
      files
          .map(bundle.root()::relativize)
          .filter(file -> file.getNameCount() > 0)
          .filter(file -> file.getFileName().toString().matches("helmfile.*\\.ya?ml(\\.gotmpl)?"))
          .filter(file -> Stream.of("target", ".git").noneMatch(file.toString()::contains))
          .forEach(
              file ->
                  findings.add(new Finding(file.toString(), 1, "Flux alone installs the mirror")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void kinds(Delivery delivery) {
    for (Delivered delivered : delivery.objects()) {
      Document object = delivered.object();
      if (!KINDS.contains(object.kind())) {
        findings.add(
            object.finding(
                "a %s: the bundle is made of %s, and nothing else installs the mirror"
                    .formatted(object.kind(), KINDS.stream().sorted().toList())));
      }
    }
    for (String kind : ONCE) {
      delivery.objects().stream()
          .map(Delivered::object)
          .filter(object -> object.kind().equals(kind))
          .skip(1)
          .forEach(object -> findings.add(object.finding("a second " + kind)));
    }
  }

  private void names(Delivery delivery) {
    delivery
        .twice()
        .forEach(
            object ->
                findings.add(
                    object.finding(
                        "%s %s comes to %s twice: each would take it from the other"
                            .formatted(object.kind(), object.name(), delivery.cluster()))));
  }

  private void references(Delivery delivery) {
    delivery
        .fluxKustomizations()
        .forEach(
            flux -> {
              path(delivery, flux);
              flux.list("spec", "dependsOn").stream()
                  .filter(reference -> !reference.text("name").equals(NETWORK))
                  .forEach(reference -> exists(delivery, flux, reference, "Kustomization"));
              flux.at("spec", "sourceRef")
                  .ifPresent(reference -> exists(delivery, flux, reference, ""));
              flux.list("spec", "postBuild", "substituteFrom")
                  .forEach(reference -> exists(delivery, flux, reference, ""));
            });
    for (Delivered delivered : delivery.objects()) {
      delivered
          .object()
          .at("spec", "chartRef")
          .ifPresent(reference -> exists(delivery, delivered.namespace(), reference, ""));
    }
  }

  private void path(Delivery delivery, Document flux) {
    Optional<Document> path = flux.at("spec", "path");
    if (path.isEmpty()) {
      findings.add(flux.finding("has no path, and would apply the whole repository"));
      return;
    }
    String text = path.get().text();
    Path folder = Path.of(Bundle.resolve("", text));
    if (bundle.kustomization(folder.toString()).isEmpty()) {
      findings.add(path.get().finding(text + " has no " + Bundle.KUSTOMIZATION));
    } else if (CLUSTERS.equals(folder.getParent()) && !folder.endsWith(delivery.cluster())) {
      findings.add(path.get().finding("%s is not %s's".formatted(text, delivery.cluster())));
    }
  }

  private void exists(Delivery delivery, Document by, Document reference, String kind) {
    exists(delivery, by.namespace(), reference, kind);
  }

  /**
   * @param kind what it refers to, where it does not say it
   */
  private void exists(Delivery delivery, String namespace, Document reference, String kind) {
    String wantedKind = reference.text("kind").isEmpty() ? kind : reference.text("kind");
    String wantedNamespace =
        reference.text("namespace").isEmpty() ? namespace : reference.text("namespace");
    String name = reference.text("name");
    if (delivery.find(wantedKind, wantedNamespace, name).isEmpty()) {
      findings.add(
          reference.finding(
              "refers to %s %s/%s, which does not come to %s"
                  .formatted(wantedKind, wantedNamespace, name, delivery.cluster())));
    }
  }

  private void cycles(Delivery delivery) {
    Map<String, Document> byName =
        delivery
            .fluxKustomizations()
            .collect(Collectors.toMap(Document::name, flux -> flux, (first, second) -> first));
    for (Document flux : byName.values()) {
      if (reaches(byName, flux, flux.name(), new HashSet<>())) {
        findings.add(
            flux.at("spec", "dependsOn").orElseThrow().finding("depends on itself in the end"));
      }
    }
  }

  private static boolean reaches(
      Map<String, Document> byName, Document from, String wanted, Set<String> seen) {
    return from.list("spec", "dependsOn").stream()
        .map(reference -> reference.text("name"))
        .filter(seen::add)
        .anyMatch(
            name ->
                name.equals(wanted)
                    || (byName.containsKey(name)
                        && reaches(byName, byName.get(name), wanted, seen)));
  }

  /** Each setting is asked for, and what is asked for is set or has a default. */
  private void settings(Delivery delivery) {
    Optional<Document> settings =
        delivery.objects().stream()
            .map(Delivered::object)
            .filter(object -> object.kind().equals("ConfigMap") && object.name().equals(SETTINGS))
            .findFirst();
    Map<String, Document> set =
        settings.flatMap(found -> found.at("data")).map(Document::fields).orElse(Map.of());
    List<Variable> used =
        delivery
            .fluxKustomizations()
            .filter(flux -> flux.at("spec", "postBuild").isPresent())
            .flatMap(delivery::by)
            .flatMap(object -> object.variables().stream())
            .toList();
    if (used.isEmpty()) {
      // A cluster that leaves the mirror out for a while keeps its settings.
      return;
    }
    for (Variable variable : used) {
      if (!variable.hasDefault() && !set.containsKey(variable.name())) {
        findings.add(
            variable
                .at()
                .finding(
                    "%s is not set in %s's %s, and has no default"
                        .formatted(variable.name(), delivery.cluster(), SETTINGS)));
      }
    }
    set.forEach(
        (name, value) -> {
          if (used.stream().noneMatch(variable -> variable.name().equals(name))) {
            findings.add(value.finding(name + " is a setting that nothing asks for"));
          }
        });
  }

  /** Whoever waits for the nodes to be restored waits longer than that may take. */
  private void timeouts(Delivery delivery) {
    delivery
        .fluxKustomizations()
        .forEach(
            flux -> {
              if (!flux.text("spec", "deletionPolicy").equals("WaitForTermination")) {
                findings.add(
                    flux.finding("needs deletionPolicy: WaitForTermination, to wait for nodes"));
              }
              delivery.by(flux).forEach(object -> outlasts(flux, object));
            });
    delivery.objects().stream()
        .map(Delivered::object)
        .filter(object -> object.kind().equals("HelmRelease"))
        .forEach(this::outlastsItsHook);
  }

  private void outlasts(Document flux, Document object) {
    Optional<Document> longest =
        object
            .at("spec", "onDelete", "timeout")
            .or(() -> object.at("spec", "uninstall", "timeout"))
            .or(
                () ->
                    object.isFluxKustomization() ? object.at("spec", "timeout") : Optional.empty());
    if (longest.isPresent() && duration(longest.get()).compareTo(timeout(flux)) >= 0) {
      findings.add(
          flux.at("spec", "timeout")
              .orElse(flux)
              .finding(
                  "Flux gives up after this time: it must be longer than the %s of %s:%d"
                      .formatted(
                          longest.get().text(), longest.get().file(), longest.get().line())));
    }
  }

  private Duration timeout(Document flux) {
    return flux.at("spec", "timeout").map(this::duration).orElse(Duration.ZERO);
  }

  private void outlastsItsHook(Document release) {
    Optional<Document> timeout = release.at("spec", "uninstall", "timeout");
    Optional<Document> hook = release.at("spec", "values", "uninstall", "deadlineSeconds");
    if (timeout.isEmpty() || hook.isEmpty()) {
      findings.add(
          release.finding("needs uninstall.timeout and its value uninstall.deadlineSeconds"));
    } else if (duration(timeout.get()).compareTo(seconds(hook.get())) <= 0) {
      findings.add(
          timeout
              .get()
              .finding(
                  "must be longer than the hook's %s s, line %d"
                      .formatted(hook.get().text(), hook.get().line())));
    }
  }

  private Duration seconds(Document number) {
    try {
      return Duration.ofSeconds(Long.parseLong(number.text()));
    } catch (NumberFormatException e) {
      findings.add(number.finding("is no number of seconds: " + number.text()));
      return Duration.ZERO;
    }
  }

  // As Go writes it, for the units that are used here: 1h30m, 10m, 45s.
  private Duration duration(Document text) {
    try {
      return Duration.parse("PT" + text.text().toUpperCase(Locale.ROOT));
    } catch (DateTimeParseException e) {
      findings.add(text.finding("is no time such as 10m: " + text.text()));
      return Duration.ZERO;
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
