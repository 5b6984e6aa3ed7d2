package dev.registrymirror.lab.flux;

import dev.registrymirror.lab.cluster.Kubernetes;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.Daemon;
import dev.registrymirror.lab.machine.FreePorts;
import dev.registrymirror.lab.machine.Http;
import dev.registrymirror.lab.tools.FluxTools;
import dev.registrymirror.lab.tools.FluxTools.Controller;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Flux at work on a lab's Kubernetes: its source-, kustomize- and helm-controller as processes of
 * this machine, and a Git repository with the bundle that it takes for the user's.
 *
 * <p>It is not like one that {@code flux bootstrap} installs: controllers may do all, run beside
 * the cluster rather than in it, know no network policies and send no notifications.
 */
public final class Flux implements AutoCloseable {

  /** Where its own objects are. */
  public static final String NAMESPACE = "flux-system";

  private static final Duration BOUND = Duration.ofMinutes(5);

  private final FluxTools tools = FluxTools.prepare();
  private final Kubernetes kubernetes;
  private final Path directory;
  private final GitServer git;

  private Flux(Kubernetes kubernetes) {
    this.kubernetes = kubernetes;
    this.directory = kubernetes.directory().resolve("flux");
    this.git = GitServer.start(directory);
  }

  /**
   * Starts it; returns when its controllers are ready. The repository is a commit of {@code
   * bundle}, in which each cluster's entry names this repository.
   *
   * @param bundle a directory with {@code kubernetes/} and {@code clusters/}
   */
  public static Flux start(Kubernetes kubernetes, Path bundle) {
    Flux flux = new Flux(kubernetes);
    try {
      flux.fill(bundle);
      flux.startControllers();
      return flux;
    } catch (RuntimeException e) {
      flux.close();
      throw e;
    }
  }

  private void fill(Path bundle) {
    for (String folder : Bundle.FOLDERS) {
      try (Stream<Path> paths = Files.walk(bundle.resolve(folder))) {
        for (Path path : paths.filter(Files::isRegularFile).toList()) {
          Path to = git.directory().resolve(bundle.relativize(path).toString());
          Files.createDirectories(to.getParent());
          Files.copy(path, to);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    for (String cluster : Bundle.read(bundle).clusters()) {
      change(
          Bundle.ENTRIES + "/" + cluster + "/" + Bundle.ENTRY + "/registry-mirror.yaml",
          text -> text.replaceFirst("(?m)^  url: .*$", "  url: " + git.url()));
    }
    git.commit("the bundle");
  }

  private void startControllers() {
    kubernetes.kubectl("create", "namespace", NAMESPACE);
    for (Controller controller : Controller.values()) {
      kubernetes.kubectl("apply", "--server-side", "-f", tools.definitions(controller).toString());
    }
    kubernetes.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s");
    List<Integer> ports = FreePorts.find(7);
    int storage = ports.getLast();
    for (Controller controller : Controller.values()) {
      int metrics = ports.get(2 * controller.ordinal());
      int health = ports.get(2 * controller.ordinal() + 1);
      start(controller, metrics, health, options(controller, storage));
    }
  }

  private List<String> options(Controller controller, int storage) {
    return switch (controller) {
      case SOURCE ->
          List.of(
              "--storage-path=" + directory.resolve("artifacts"),
              "--storage-addr=127.0.0.1:" + storage,
              "--storage-adv-addr=127.0.0.1:" + storage);
      case KUSTOMIZE, HELM -> List.of("--requeue-dependency=2s");
    };
  }

  private void start(Controller controller, int metrics, int health, List<String> options) {
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of(
            tools.controller(controller).toString(),
            "--enable-leader-election=false",
            "--watch-all-namespaces",
            "--events-addr=",
            "--metrics-addr=127.0.0.1:" + metrics,
            "--health-addr=127.0.0.1:" + health));
    command.addAll(options);
    try {
      Path home = Files.createDirectories(directory.resolve(controller.program()));
      Files.createDirectories(directory.resolve("artifacts"));
      Daemon daemon =
          kubernetes.start(
              controller.program(),
              Map.of(
                  "KUBECONFIG", kubernetes.kubeconfig().toString(),
                  "RUNTIME_NAMESPACE", NAMESPACE,
                  "TMPDIR", home.toString(),
                  "HOME", home.toString()),
              command);
      try (Http http = new Http()) {
        URI ready = URI.create("http://127.0.0.1:" + health + "/readyz");
        daemon.awaitReady(() -> http.answers(ready));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where the repository is fetched from. */
  public URI repository() {
    return git.url();
  }

  /** Commits another text of a file of the repository; one that is not there was empty. */
  public void commit(String file, UnaryOperator<String> text) {
    change(file, text);
    git.commit("change " + file);
  }

  private void change(String file, UnaryOperator<String> text) {
    Path path = git.directory().resolve(file);
    try {
      String before = Files.exists(path) ? Files.readString(path) : "";
      String after = text.apply(before);
      if (after.equals(before)) {
        throw new IllegalArgumentException("this changes nothing in " + file);
      }
      Files.createDirectories(path.getParent());
      Files.writeString(path, after);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Applies a cluster's entry, as its user does once.
   *
   * @param cluster {@code infra}
   */
  public void enter(String cluster) {
    kubernetes.kubectl("apply", "-k", entry(cluster));
  }

  /** Takes a cluster's entry away; returns when all that came by it is gone. */
  public void leave(String cluster) {
    kubernetes.kubectl("delete", "-k", entry(cluster), "--timeout=4m");
  }

  private String entry(String cluster) {
    return git.directory()
        .resolve(Bundle.ENTRIES)
        .resolve(cluster)
        .resolve(Bundle.ENTRY)
        .toString();
  }

  /**
   * What the command {@code flux} writes, in the namespace of Flux.
   *
   * @throws dev.registrymirror.lab.machine.LabException where it fails, with what it wrote
   */
  public String flux(String... arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of(
            tools.flux().toString(),
            "--kubeconfig=" + kubernetes.kubeconfig(),
            "--namespace=" + NAMESPACE));
    command.addAll(List.of(arguments));
    return Command.run(BOUND, "", Map.of("NO_PROXY", "*"), directory, command);
  }

  /** Ends what is served; the controllers end with the cluster. */
  @Override
  public void close() {
    git.close();
  }
}
