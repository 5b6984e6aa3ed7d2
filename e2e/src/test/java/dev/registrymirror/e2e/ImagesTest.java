package dev.registrymirror.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.registrymirror.lab.machine.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The images that this build has made, beside those of the same jars made once more. */
class ImagesTest {

  private static final Duration BOUND = Duration.ofMinutes(3);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path REPOSITORY = Path.of("..").toAbsolutePath().normalize();
  private static final Path AGENT = Path.of("images/target/mirror-agent");
  private static final Path OPERATOR = Path.of("operator/target/operator");

  @TempDir private static Path directory;
  private static Path again;

  @BeforeAll
  static void makeThemAgain() throws IOException {
    again = directory.resolve("repository");
    for (Path distribution : List.of(AGENT, OPERATOR)) {
      copyJars(REPOSITORY.resolve(distribution), again.resolve(distribution));
      java(
          "JavaRuntime.java",
          again.resolve(distribution).resolve("runtime").toString(),
          modules(REPOSITORY.resolve(distribution)));
    }
    JsonNode made = config(REPOSITORY, "agent");
    java(
        "Images.java",
        again.toString(),
        made.at("/config/Labels").get("org.opencontainers.image.version").asText(),
        made.get("created").asText());
  }

  /** Without the AOT cache, and with other times. */
  private static void copyJars(Path from, Path to) throws IOException {
    Files.createDirectories(to.resolve("lib"));
    try (Stream<Path> files = Files.list(from.resolve("lib"))) {
      for (Path file : files.filter(path -> !path.toString().endsWith(".aot")).toList()) {
        Files.copy(file, to.resolve("lib").resolve(file.getFileName()));
      }
    }
  }

  private static String modules(Path distribution) throws IOException {
    return Files.readAllLines(distribution.resolve("runtime/release")).stream()
        .filter(line -> line.startsWith("MODULES="))
        .map(line -> line.replaceAll("MODULES=|\"", "").replace(' ', ','))
        .findFirst()
        .orElseThrow();
  }

  private static void java(String program, String... arguments) {
    List<String> command =
        Stream.concat(
                Stream.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--sun-misc-unsafe-memory-access=allow",
                    "--class-path=" + System.getProperty("java.class.path"),
                    REPOSITORY.resolve("build").resolve(program).toString()),
                Stream.of(arguments))
            .toList();
    Command.run(BOUND, "", command);
  }

  private static JsonNode manifest(Path repository, String image) {
    return blob(repository, image, json(repository, image, "index.json").at("/manifests/0/digest"));
  }

  private static JsonNode config(Path repository, String image) {
    return blob(repository, image, manifest(repository, image).at("/config/digest"));
  }

  private static List<String> layers(Path repository, String image) {
    return manifest(repository, image).get("layers").findValuesAsText("digest");
  }

  private static JsonNode blob(Path repository, String image, JsonNode digest) {
    return json(repository, image, "blobs/" + digest.asText().replace(':', '/'));
  }

  private static JsonNode json(Path repository, String image, String file) {
    String archive = repository.resolve("images/target/" + image + "-amd64.tar").toString();
    try {
      return JSON.readTree(Command.run("tar", "-xOf", archive, file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void operatorIsTheSame() {
    assertThat(manifest(again, "operator")).isEqualTo(manifest(REPOSITORY, "operator"));
  }

  @Test
  void agentHasTheSameLayersButForTheCache() {
    List<String> layers = layers(REPOSITORY, "agent");

    assertThat(layers(again, "agent")).isEqualTo(layers.subList(0, layers.size() - 1));
  }

  @Test
  void operatorIsNotRootAndBothSayWhatTheyAre() {
    assertThat(config(REPOSITORY, "operator").at("/config/User").asText()).isEqualTo("65532");
    for (String image : List.of("agent", "operator")) {
      assertThat(config(REPOSITORY, image).at("/config/Labels").fieldNames())
          .toIterable()
          .contains(
              "org.opencontainers.image.title",
              "org.opencontainers.image.version",
              "org.opencontainers.image.licenses");
    }
  }

  @Test
  void areCalledAsTheChartLooksForThem() throws IOException {
    String chart = Files.readString(Path.of(Installation.chart(), "values.yaml"));
    for (String image : List.of("agent", "operator")) {
      String name =
          json(REPOSITORY, image, "index.json")
              .at("/manifests/0/annotations/org.opencontainers.image.ref.name")
              .asText();

      assertThat(chart).contains("repository: " + name.substring(0, name.lastIndexOf(':')));
    }
  }
}
