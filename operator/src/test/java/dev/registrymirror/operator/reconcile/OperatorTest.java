package dev.registrymirror.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.cluster.ControlPlane;
import dev.registrymirror.lab.cluster.NeedsControlPlane;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.operator.crd.CrdFile;
import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.Agents;
import dev.registrymirror.operator.reconcile.StandInKubelet.Kind;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.javaoperatorsdk.operator.Operator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The operator on a real API server with its controllers; nodes and agents are stand-ins. */
@NeedsControlPlane
class OperatorTest {

  private static final Duration BOUND = Duration.ofSeconds(60);
  private static final AtomicInteger NAMESPACES = new AtomicInteger();
  private static final int METRICS_PORT = freePort();

  private static ControlPlane kubernetes;
  private static KubernetesClient client;

  private final String namespace = "mirror-" + NAMESPACES.incrementAndGet();
  private final Agents agents = new Agents();
  private StandInKubelet kubelet;
  private Operator operator;

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @BeforeAll
  static void startKubernetes() throws IOException {
    kubernetes = ControlPlane.start(ControlPlane.Options.apiServer().withControllerManager());
    kubernetes.apply(CrdFile.generate());
    kubernetes.kubectl("wait", "--for=condition=Established", "crd", "--all");
    client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(Files.readString(kubernetes.kubeconfig())))
            .build();
  }

  @AfterAll
  static void endKubernetes() {
    if (kubernetes != null) {
      client.close();
      kubernetes.close();
    }
  }

  @BeforeEach
  void start() {
    kubernetes.kubectl("create", "namespace", namespace);
    kubelet = new StandInKubelet(client, METRICS_PORT);
    operator = operator();
    operator.start();
  }

  private Operator operator() {
    Operator started =
        new Operator(
            overrider -> overrider.withKubernetesClient(client).withCloseClientOnStop(false));
    started.register(
        new RegistryMirrorReconciler("registry.lab/agent:1", agents, Clock.systemUTC()),
        controller -> controller.settingNamespace(namespace));
    return started;
  }

  @AfterEach
  void stop() {
    client.resources(RegistryMirror.class).inNamespace(namespace).delete();
    Await.until("no mirror is left", BOUND, () -> mirrors().isEmpty());
    operator.stop();
    client.nodes().delete();
    kubelet.close();
    agents.close();
  }

  private List<RegistryMirror> mirrors() {
    return client.resources(RegistryMirror.class).inNamespace(namespace).list().getItems();
  }

  private void mirror(String name, String spec) {
    kubernetes.apply(
        """
        apiVersion: registrymirror.dev/v1alpha1
        kind: RegistryMirror
        metadata: {name: %s, namespace: %s}
        spec: {ports: {metrics: %d}, %s}
        """
            .formatted(name, namespace, METRICS_PORT, spec));
  }

  private Optional<Condition> condition(String mirror, String type) {
    return Optional.ofNullable(
            client.resources(RegistryMirror.class).inNamespace(namespace).withName(mirror).get())
        .map(RegistryMirror::getStatus)
        .flatMap(status -> Conditions.find(status.conditions(), type));
  }

  private Condition await(String mirror, String type, String status, String reason) {
    try {
      Await.until(
          type + " of " + mirror + " is " + status + ", " + reason,
          BOUND,
          () ->
              condition(mirror, type)
                  .filter(
                      found ->
                          found.getStatus().equals(status) && found.getReason().equals(reason))
                  .isPresent());
    } catch (RuntimeException e) {
      throw new AssertionError(
          e.getMessage() + "\n" + kubernetes.kubectl("-n", namespace, "get", "rmirror,pods,ds", "-o", "wide")
              + kubernetes.kubectl("-n", namespace, "get", "rmirror", "-o", "yaml"),
          e);
    }
    return condition(mirror, type).orElseThrow();
  }

  private DaemonSet daemonSet(String name) {
    return client.apps().daemonSets().inNamespace(namespace).withName(name).get();
  }

  @Test
  void makesTheMirrorAndSaysWhenItIsReady() {
    // Given
    kubelet.add("n1", Kind.PLAIN, Map.of("topology.kubernetes.io/zone", "a"));
    kubelet.add("n2", Kind.PLAIN, Map.of());

    // When
    mirror("spegel", "registries: [docker.io]");

    // Then
    await("spegel", "Ready", "True", "AllReady");
    await("spegel", "NodesConfigured", "True", "AllConfigured");
    await("spegel", "Sharing", "Unknown", "NothingYet");
    await("spegel", "Monitored", "False", "NoServiceMonitor");
    assertThat(daemonSet("spegel").getStatus().getNumberReady()).isEqualTo(2);
    assertThat(kubernetes.kubectl("-n", namespace, "get", "rmirror", "spegel", "--no-headers"))
        .containsPattern("spegel +True +2/2 +0 ");
    assertThat(
            kubernetes.kubectl(
                "-n", namespace, "get", "configmap", "spegel-roster", "-o", "jsonpath={.data}"))
        .contains("127.0.2.")
        .contains("zone");
  }
}
