package dev.registrymirror.lab.tools;

import dev.registrymirror.lab.machine.Directories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Flux's controllers, their CustomResourceDefinitions and the command {@code flux}, each built from
 * its Go module when it is first asked for, and kept in the same cache as {@link Tools}'.
 */
public final class FluxTools {

  private static final String FLUX = "github.com/fluxcd/";

  /** The controllers that a delivery by Git and Helm needs; all are of one Flux release. */
  public enum Controller {
    SOURCE("source-controller", "1.9.3"),
    KUSTOMIZE("kustomize-controller", "1.9.5"),
    HELM("helm-controller", "1.6.4");

    private final String program;
    private final String release;

    Controller(String program, String release) {
      this.program = program;
      this.release = release;
    }

    /** {@code source-controller}. */
    public String program() {
      return program;
    }

    private String entry() {
      return program + "-" + release;
    }

    private String module() {
      return FLUX + program;
    }
  }

  private static final String CLI_RELEASE = "2.9.5";
  private static final String CLI_MODULE = FLUX + "flux2/v2";
  private static final String CLI_ENTRY = "flux-" + CLI_RELEASE;
  private static final String CLI_COMMAND = "cmd/flux";

  // A module's own replaced ones, but for its own parts, which are published as modules too.
  private static final Pattern REPLACED =
      Pattern.compile("^(?:replace )?\\s*(\\S+ => [^.\\s]\\S* v\\S+)$", Pattern.MULTILINE);

  private final ToolCache cache;

  private FluxTools(ToolCache cache) {
    this.cache = cache;
  }

  /** What stands in the way of Flux on this machine, in words; empty where nothing does. */
  public static String obstacle() {
    ToolCache cache = ToolCache.atDefault();
    boolean isHere =
        Stream.concat(Stream.of(CLI_ENTRY), Stream.of(Controller.values()).map(Controller::entry))
            .allMatch(cache::has);
    return isHere || GoBuild.isPossible() ? "" : "needs Go, which builds Flux";
  }

  /**
   * The tools; none is had before it is asked for.
   *
   * @throws ToolMissing where {@link #obstacle()} is not empty
   */
  public static FluxTools prepare() {
    String obstacle = obstacle();
    if (!obstacle.isEmpty()) {
      throw new ToolMissing("Flux " + obstacle);
    }
    return new FluxTools(ToolCache.atDefault());
  }

  /** A controller's program. */
  public Path controller(Controller controller) {
    return cache
        .get(controller.entry(), target -> build(controller, target))
        .resolve(controller.program());
  }

  /** The directory of the definitions that a controller serves; the controller is not built. */
  public Path definitions(Controller controller) {
    return cache.get(
        controller.entry() + "-crds",
        target ->
            copy(
                GoBuild.source(controller.module() + "@v" + controller.release)
                    .resolve("config/crd/bases"),
                target));
  }

  /** The command {@code flux}; it has no manifests of Flux in it, so it installs none. */
  public Path flux() {
    return cache.get(CLI_ENTRY, FluxTools::buildCommand).resolve("flux");
  }

  private static void build(Controller controller, Path target) {
    build(
        controller.program() + " " + controller.release,
        controller.module(),
        controller.release,
        "",
        target);
  }

  // It embeds manifests that its release makes first: from a copy, with none.
  private static void buildCommand(Path target) {
    inCopy(
        GoBuild.source(CLI_MODULE + "@v" + CLI_RELEASE),
        copy -> {
          Path manifests = copy.resolve(CLI_COMMAND + "/manifests");
          try {
            Files.createDirectories(manifests);
            Files.writeString(manifests.resolve("none.yaml"), "# none\n");
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          build(
              "flux " + CLI_RELEASE,
              CLI_MODULE,
              CLI_RELEASE,
              "replace " + CLI_MODULE + " => " + copy + "\n",
              target);
        });
  }

  private static void inCopy(Path source, Consumer<Path> work) {
    try {
      Path copy = Files.createTempDirectory("registry-mirror-flux");
      try {
        copy(source, copy);
        work.accept(copy);
      } finally {
        Directories.delete(copy);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void build(
      String what, String module, String release, String replaced, Path target) {
    String theirs =
        REPLACED
            .matcher(GoBuild.modFile(module + "@v" + release))
            .results()
            .map(match -> "replace " + match.group(1) + "\n")
            .collect(Collectors.joining());
    Optional<String> command =
        module.equals(CLI_MODULE) ? Optional.of(CLI_COMMAND) : Optional.empty();
    new GoBuild(
            what,
            "require " + module + " v" + release + "\n" + theirs + replaced,
            List.of(command.map(folder -> module + "/" + folder).orElse(module)),
            "-s -w -X main.VERSION=" + release)
        .into(target);
  }

  // Without the module cache's permissions, by which nothing could be added or deleted.
  private static void copy(Path from, Path to) {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path copy = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(copy);
        } else {
          Files.write(copy, Files.readAllBytes(file));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
