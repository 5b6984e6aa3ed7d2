package dev.registrymirror.lab.flux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;

/**
 * The files of {@code kubernetes/} and {@code clusters/}, as they stand there.
 *
 * @param root the repository
 * @param files each with its documents, by its path below the root
 * @param unreadable what is no YAML
 */
record Bundle(Path root, Map<String, List<Document>> files, List<Finding> unreadable) {

  static final String KUSTOMIZATION = "kustomization.yaml";
  static final String ENTRIES = "clusters";
  static final String ENTRY = "flux-system";
  static final List<String> FOLDERS = List.of("kubernetes", ENTRIES);

  static Bundle read(Path root) {
    Map<String, List<Document>> files = new TreeMap<>();
    List<Finding> unreadable = new ArrayList<>();
    for (String folder : FOLDERS) {
      for (Path path : yamls(root.resolve(folder))) {
        String file = root.relativize(path).toString();
        try {
          files.put(file, documents(file, Files.readString(path)));
        } catch (MarkedYamlEngineException e) {
          int line = e.getProblemMark().map(Mark::getLine).orElse(0) + 1;
          unreadable.add(new Finding(file, line, "is no YAML: " + e.getProblem()));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
    return new Bundle(root, files, unreadable);
  }

  private static List<Path> yamls(Path folder) {
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths.filter(path -> path.toString().matches(".*\\.ya?ml")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The documents of a YAML text. */
  static List<Document> documents(String file, String text) {
    List<Document> documents = new ArrayList<>();
    new Compose(LoadSettings.builder().setUseMarks(true).setLabel(file).build())
        .composeAllFromString(text)
        .forEach(node -> documents.add(new Document(file, node)));
    return documents;
  }

  /** Those that are an object of Kubernetes; kustomize's own are not. */
  List<Document> objects() {
    return files.entrySet().stream()
        .filter(file -> !file.getKey().endsWith(KUSTOMIZATION))
        .flatMap(file -> file.getValue().stream())
        .toList();
  }

  /** The clusters that it delivers to, by name. */
  List<String> clusters() {
    try (Stream<Path> folders = Files.list(root.resolve(ENTRIES))) {
      return folders
          .filter(Files::isDirectory)
          .map(folder -> folder.getFileName().toString())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** kustomize's file in a folder, where it has one. */
  Optional<Document> kustomization(String folder) {
    return files.getOrDefault(folder + "/" + KUSTOMIZATION, List.of()).stream().findFirst();
  }

  /** A path below the root, of what a file in {@code folder} or Flux calls {@code path}. */
  static String resolve(String folder, String path) {
    return Path.of(folder, path).normalize().toString();
  }
}
