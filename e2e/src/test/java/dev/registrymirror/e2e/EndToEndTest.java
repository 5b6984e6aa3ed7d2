package dev.registrymirror.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.cluster.Cluster;
import dev.registrymirror.lab.cluster.ClusterNode;
import dev.registrymirror.lab.cluster.ClusterOptions;
import dev.registrymirror.lab.cluster.NeedsCluster;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.LabException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * The whole of it, on a real cluster of three nodes: the chart is installed, a RegistryMirror
 * applied, images are shared while upstream is down, agents are replaced under load, and in the end
 * every node is as it was. One story, told in order.
 */
@NeedsCluster
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class EndToEndTest {

  private static final Duration BOUND = Duration.ofMinutes(2);
  private static final String NAMESPACE = "kube-system";
  private static final String MIRROR = "spegel";
  private static final String HOSTS = "/etc/containerd/certs.d";

  private static Cluster cluster;
  private static Installation installation;
  private static Map<String, String> hostsBefore;

  @BeforeAll
  static void create() {
    cluster = Cluster.create(ClusterOptions.nodes(3));
    hostsBefore = HostsFiles.of(cluster, HOSTS);
    installation = Installation.of(cluster, NAMESPACE);
  }

  @AfterAll
  static void close() {
    if (cluster != null) {
      cluster.close();
    }
  }

  /** A field of the RegistryMirror. */
  private static String mirror(String jsonPath) {
    return cluster.kubectl("-n", NAMESPACE, "get", "rmirror", MIRROR, "-o", "jsonpath=" + jsonPath);
  }

  private static void await(String type, String status) {
    try {
      Await.until(
          type + " is " + status,
          BOUND,
          () -> mirror("{.status.conditions[?(@.type=='" + type + "')].status}").equals(status));
    } catch (LabException e) {
      throw new AssertionError(e.getMessage() + "\n" + installation.state(), e);
    }
  }

  private static void apply(String spec) {
    cluster.apply(
        """
        apiVersion: registrymirror.dev/v1alpha1
        kind: RegistryMirror
        metadata: {name: %s, namespace: %s}
        spec: {registries: [registry.lab], %s}
        """
            .formatted(MIRROR, NAMESPACE, spec));
  }

  /** A pod of that image on that node; returns when it runs. */
  private static void run(String name, String image, String node) {
    cluster.apply(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: %s}
        spec:
          nodeName: %s
          terminationGracePeriodSeconds: 0
          containers: [{name: app, image: "%s", imagePullPolicy: Always}]
        """
            .formatted(name, node, image));
    cluster.kubectl("wait", "--for=condition=Ready", "pod/" + name, "--timeout=60s");
  }

  @Test
  @Order(1)
  void becomesReady() {
    Instant applied = Instant.now();
    apply("");

    await("Ready", "True");

    System.out.println(
        "from kubectl apply to Ready: "
            + Duration.between(applied, Instant.now()).toMillis() / 1000.0
            + " s on three nodes");
    await("NodesConfigured", "True");
    System.out.println(cluster.kubectl("-n", NAMESPACE, "get", "registrymirror"));
    for (ClusterNode node : cluster.nodes()) {
      assertThat(node.read(HOSTS + "/registry.lab/hosts.toml")).contains("127.0.0.1:29999");
    }
  }

  @Test
  @Order(2)
  void podStartsFromAnotherNodeWhileUpstreamIsDown() {
    String app = cluster.pushBusybox("app:1", Map.of("APP", "1"));
    run("first", app, "n1");

    cluster.upstream().refuseConnections();
    try {
      run("second", app, "n2");
    } finally {
      cluster.upstream().restore();
    }

    await("Sharing", "True");
    System.out.println(cluster.kubectl("-n", NAMESPACE, "describe", "registrymirror", MIRROR));
  }

  @Test
  @Order(3)
  void doctorInAnAgentsPodFindsNoProblem() {
    String said =
        cluster.kubectl("-n", NAMESPACE, "exec", "ds/" + MIRROR, "--", "mirror-agent", "doctor");

    assertThat(said.lines())
        .noneMatch(line -> line.startsWith("problem"))
        .anyMatch(line -> line.startsWith("ok       containerd: "))
        .anyMatch(line -> line.startsWith("ok       hosts.toml: 1 files"))
        .anyMatch(line -> line.matches("ok +port: .* answers there"))
        .anyMatch(line -> line.matches("ok +peers: .* accepts connections"));
  }

  @Test
  @Order(4)
  void sharesOnWhenContainerdIsRestartedUnderTheAgents() {
    String app = cluster.pushBusybox("after-restart:1", Map.of("APP", "2"));
    cluster.nodes().forEach(ClusterNode::restartContainerd);
    cluster.nodes().forEach(ClusterNode::awaitReady);
    cluster.node("n1").pull(app);

    cluster.upstream().refuseConnections();
    try {
      Await.until(
          "n3 has it from n1",
          BOUND,
          () -> {
            try {
              cluster.node("n3").pull(app);
              return true;
            } catch (RuntimeException notAnnouncedYet) {
              return false;
            }
          });
    } finally {
      cluster.upstream().restore();
    }
  }

  @Test
  @Order(5)
  void bypassReachesTheStatusWithinAMinute() {
    String app = cluster.pushBusybox("passed-by:1", Map.of("APP", "3"));

    // As a tool does that reads another hosts directory than kubelet's pulls do.
    ClusterNode node = cluster.node("n2");
    node.run(
        "sh",
        "-c",
        "mkdir -p /var/other/registry.lab && echo 'server = \"%s\"' > /var/other/registry.lab/hosts.toml"
            .formatted(cluster.upstream().address()));
    node.ctr("images", "pull", "--hosts-dir", "/var/other", app);

    Await.until(
        "n2 is told of",
        Duration.ofSeconds(60),
        () -> mirror("{.status.worstNodes}").contains("n2"));
  }

  @Test
  @Order(6)
  void agentsAreReplacedWithoutAPullThatFails() throws Exception {
    List<String> failed = new ArrayList<>();
    AtomicBoolean isDone = new AtomicBoolean();
    int pulls;
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<Integer> pulling = threads.submit(() -> pullUntil(isDone, failed));

      // When: another build of the agent, and another port for containerd.
      apply(
          "ports: {registry: 29996}, agent: {image: \"%s\", logLevel: debug}"
              .formatted(installation.anotherAgent()));
      await("Progressing", "True");
      await("Progressing", "False");
      await("Ready", "True");
      isDone.set(true);
      pulls = pulling.get();
    }

    // Then
    assertThat(failed).isEmpty();
    assertThat(pulls).isGreaterThan(3);
    System.out.println(pulls + " pulls while three agents were replaced, none failed");
    for (ClusterNode node : cluster.nodes()) {
      assertThat(node.read(HOSTS + "/registry.lab/hosts.toml")).contains("127.0.0.1:29996");
    }
  }

  private static int pullUntil(AtomicBoolean isDone, List<String> failed) {
    int pulls = 0;
    while (!isDone.get()) {
      pulls++;
      String image =
          cluster.upstream().push(ImageRecipe.named("pulled-" + pulls + ":1")).reference();
      for (ClusterNode node : cluster.nodes()) {
        try {
          node.pull(image);
        } catch (RuntimeException e) {
          failed.add(node + ": " + e.getMessage());
        }
      }
    }
    return pulls;
  }

  @Test
  @Order(7)
  void hostsRewrittenByOthersArePutBack() {
    ClusterNode node = cluster.node("n3");
    node.run(
        "sh",
        "-c",
        "printf '# written by somebody\\nserver = \"%s\"\\n' > %s/registry.lab/hosts.toml"
            .formatted(cluster.upstream().address(), HOSTS));

    Await.until(
        "the mirror is back",
        BOUND,
        () -> node.read(HOSTS + "/registry.lab/hosts.toml").contains("127.0.0.1:29996"));
  }

  @Test
  @Order(8)
  void sharesFromThePodNetworkToo() {
    // Given
    apply("agent: {hostNetwork: false}, networkPolicy: Managed");
    await("Progressing", "True");
    await("Progressing", "False");
    await("Ready", "True");
    for (ClusterNode node : cluster.nodes()) {
      assertThat(node.read(HOSTS + "/registry.lab/hosts.toml")).contains(node.address() + ":29999");
    }

    // When
    String app = cluster.pushBusybox("pod-network:1", Map.of("APP", "4"));
    run("third", app, "n1");
    cluster.upstream().refuseConnections();

    // Then
    try {
      run("fourth", app, "n2");
    } finally {
      cluster.upstream().restore();
    }
  }

  @Test
  @Order(9)
  void leavesEveryNodeAsItWas() {
    cluster.kubectl("-n", NAMESPACE, "delete", "registrymirror", MIRROR, "--timeout=120s");

    Map<String, String> after = HostsFiles.of(cluster, HOSTS);
    assertThat(after.get("n1")).isEqualTo(hostsBefore.get("n1"));
    assertThat(after.get("n2")).isEqualTo(hostsBefore.get("n2"));
    // What somebody wrote meanwhile is what is given back.
    assertThat(after.get("n3")).contains("# written by somebody").doesNotContain("127.0.0.1");
    assertThat(
            cluster.kubectl(
                "-n",
                NAMESPACE,
                "get",
                "ds,configmap,secret,service",
                "-l",
                "app.kubernetes.io/managed-by=registry-mirror-operator"))
        .doesNotContain(MIRROR + "-");
    // And the operator goes without waiting for anything.
    installation.remove();
  }
}
