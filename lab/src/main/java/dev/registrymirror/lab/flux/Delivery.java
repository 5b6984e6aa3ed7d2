package dev.registrymirror.lab.flux;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What reaches one cluster, found by following kustomize's resources and Flux's paths from the
 * cluster's entry; nothing is built.
 */
record Delivery(String cluster, List<Delivered> objects) {

  /**
   * An object, and who brings it.
   *
   * @param by the Flux Kustomization; empty for what is applied by hand
   */
  record Delivered(Document object, Optional<Document> by) {

    /** Where it will be: Flux's targetNamespace wins, and most here names no other. */
    String namespace() {
      String target = by.map(owner -> owner.text("spec", "targetNamespace")).orElse("");
      return target.isEmpty() ? object.namespace() : target;
    }

    boolean is(String kind, String namespace, String name) {
      return object.kind().equals(kind)
          && namespace().equals(namespace)
          && object.name().equals(name);
    }

    private String identity() {
      return String.join(
          " ", object.text("apiVersion"), object.kind(), namespace() + "/" + object.name());
    }
  }

  static Delivery to(Bundle bundle, String cluster) {
    List<Delivered> objects = new ArrayList<>();
    String entry = Bundle.ENTRIES + "/" + cluster + "/" + Bundle.ENTRY;
    follow(bundle, entry, Optional.empty(), objects, new HashSet<>());
    return new Delivery(cluster, objects);
  }

  private static void follow(
      Bundle bundle,
      String folder,
      Optional<Document> by,
      List<Delivered> found,
      Set<String> followed) {
    for (Document object : objects(bundle, folder, new HashSet<>())) {
      found.add(new Delivered(object, by));
      if (object.isFluxKustomization() && followed.add(object.file() + object.line())) {
        String path = Bundle.resolve("", object.text("spec", "path"));
        follow(bundle, path, Optional.of(object), found, followed);
      }
    }
  }

  /** What kustomize takes from a folder. */
  private static List<Document> objects(Bundle bundle, String folder, Set<String> seen) {
    if (!seen.add(folder)) {
      return List.of();
    }
    return bundle.kustomization(folder).stream()
        .flatMap(file -> file.list("resources").stream())
        .map(resource -> Bundle.resolve(folder, resource.text()))
        .flatMap(
            path ->
                bundle.files().containsKey(path)
                    ? bundle.files().get(path).stream()
                    : objects(bundle, path, seen).stream())
        .toList();
  }

  Stream<Document> fluxKustomizations() {
    return objects.stream().map(Delivered::object).filter(Document::isFluxKustomization);
  }

  /** What a Flux Kustomization brings. */
  Stream<Document> by(Document fluxKustomization) {
    return objects.stream()
        .filter(object -> object.by().filter(fluxKustomization::equals).isPresent())
        .map(Delivered::object);
  }

  Optional<Document> find(String kind, String namespace, String name) {
    return objects.stream()
        .filter(object -> object.is(kind, namespace, name))
        .map(Delivered::object)
        .findFirst();
  }

  /** Objects that one of those before them is already. */
  List<Document> twice() {
    Set<String> seen = new HashSet<>();
    return objects.stream()
        .filter(object -> !seen.add(object.identity()))
        .map(Delivered::object)
        .toList();
  }
}
