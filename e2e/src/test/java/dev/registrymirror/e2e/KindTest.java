package dev.registrymirror.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.machine.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The story in brief on a cluster of kind, which is made for it, so that it needs neither root nor
 * the lab: by {@code make kind}, where Docker, kind, kubectl and Helm are.
 */
class KindTest {

  private static final Duration BOUND = Duration.ofMinutes(10);
  private static final String CLUSTER = "registry-mirror";
  private static final List<String> NODES =
      List.of(CLUSTER + "-control-plane", CLUSTER + "-worker", CLUSTER + "-worker2");
  private static final String NAMESPACE = "kube-system";
  private static final String HOSTS = "/etc/containerd/certs.d";

  /** Of a registry that asks for no login; not the one that kind's nodes have. */
  private static final String IMAGE = "registry.k8s.io/pause:3.9";

  @TempDir private static Path directory;

  /** Not where kind refused, as there is one of that name: that is somebody else's. */
  private static boolean isCreated;

  @BeforeAll
  static void create() {
    run("kind", "create", "cluster", "--config", Path.of("kind.yaml").toAbsolutePath().toString());
    isCreated = true;
    for (String image : List.of("agent", "operator")) {
      String archive = Installation.archive(image).toString();
      run("kind", "load", "image-archive", archive, "--name", CLUSTER);
    }
    for (String node : NODES) {
      String own = HOSTS + "/registry.k8s.io";
      shell(node, "mkdir -p " + own + " && echo '# its own' > " + own + "/hosts.toml");
    }
    run(
        "helm",
        "install",
        "registry-mirror",
        Installation.chart(),
        "--namespace=" + NAMESPACE,
        "--wait");
  }

  @AfterAll
  static void delete() {
    if (isCreated) {
      run("kind", "delete", "cluster", "--name", CLUSTER);
    }
  }

  private static String run(String... command) {
    // Kubeconfig of its own: the user's stays as it is.
    return Command.run(
        BOUND,
        "",
        Map.of("KUBECONFIG", directory.resolve("kubeconfig").toString()),
        directory,
        List.of(command));
  }

  private static String shell(String node, String script) {
    return run("docker", "exec", node, "sh", "-c", script);
  }

  private static String kubectl(String... arguments) {
    List<String> command = new ArrayList<>(List.of("kubectl", "--namespace=" + NAMESPACE));
    command.addAll(List.of(arguments));
    return run(command.toArray(String[]::new));
  }

  private static void await(String condition) {
    kubectl("wait", "registrymirror/spegel", "--for=condition=" + condition, "--timeout=3m");
  }

  private static Map<String, String> hosts() {
    return NODES.stream()
        .collect(
            Collectors.toMap(Function.identity(), node -> shell(node, HostsFiles.list(HOSTS))));
  }

  private static void runPod(String name, String node) {
    kubectl(
        "run",
        name,
        "--image=" + IMAGE,
        "--overrides={\"apiVersion\": \"v1\", \"spec\": {\"nodeName\": \"" + node + "\"}}");
    kubectl("wait", "pod/" + name, "--for=condition=Ready", "--timeout=3m");
  }

  @Test
  void sharesAnImageAndLeavesTheNodesAsTheyWere() throws IOException {
    // Given
    Map<String, String> before = hosts();

    // When
    Path mirror = directory.resolve("mirror.yaml");
    Files.writeString(
        mirror,
        """
        apiVersion: registrymirror.dev/v1alpha1
        kind: RegistryMirror
        metadata: {name: spegel}
        spec: {registries: [registry.k8s.io]}
        """);
    kubectl("apply", "-f", mirror.toString());
    await("Ready");
    await("NodesConfigured");
    runPod("first", NODES.get(1));
    runPod("second", NODES.get(2));

    // Then: a node has had blobs from another.
    await("Sharing");
    System.out.println(kubectl("get", "registrymirror"));

    // And then
    kubectl("delete", "registrymirror", "spegel", "--timeout=3m");
    assertThat(hosts()).isEqualTo(before);
    run("helm", "uninstall", "registry-mirror", "--namespace=" + NAMESPACE, "--wait");
  }
}
