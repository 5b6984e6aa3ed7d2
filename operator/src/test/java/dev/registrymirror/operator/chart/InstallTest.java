package dev.registrymirror.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.registrymirror.lab.cluster.ControlPlane;
import dev.registrymirror.lab.cluster.NeedsControlPlane;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.FreePorts;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.operator.Main;
import dev.registrymirror.operator.PrometheusOperator;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The chart on a real API server. No pod runs: the operator is a process here, with the environment
 * that the chart gives its pod, and the rights of its service account.
 */
@NeedsControlPlane
class InstallTest {

  private static final Duration BOUND = Duration.ofSeconds(60);

  /** What kubelet leaves a pod to end. */
  private static final Duration GRACE = Duration.ofSeconds(30);

  /** Not ready: it is served, and not waited for when all is removed. */
  private static final String NODE =
      """
      apiVersion: v1
      kind: Node
      metadata: {name: node-1, labels: {kubernetes.io/os: linux}}
      status:
        addresses: [{type: InternalIP, address: 10.0.0.11}]
        nodeInfo:
          operatingSystem: linux
          osImage: Debian GNU/Linux 12
          kubeletVersion: v1.36.0
          containerRuntimeVersion: containerd://2.1.0
      """;

  private static ControlPlane kubernetes;
  private static KubernetesClient client;

  @TempDir private Path directory;

  @BeforeAll
  static void start() throws IOException {
    kubernetes = ControlPlane.start(ControlPlane.Options.apiServer().withControllerManager());
    client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(Files.readString(kubernetes.kubeconfig())))
            .build();
    kubernetes.apply(PrometheusOperator.definition("ServiceMonitor"));
    kubernetes.kubectl(
        "apply",
        "--server-side",
        "-f",
        Chart.DIRECTORY.resolve("crds").toAbsolutePath().toString());
    kubernetes.kubectl("wait", "--for=condition=Established", "crd", "--all");
  }

  @AfterAll
  static void end() {
    if (kubernetes != null) {
      client.close();
      kubernetes.close();
    }
  }

  @Test
  void theApiServerKnowsEachFieldOfWhatIsRendered() throws IOException {
    String namespace = namespace("strict");
    Map<String, String> values =
        Map.of(
            "replicas", "2",
            "imagePullSecrets[0].name", "registry",
            "tolerations[0].operator", "Exists",
            "registryMirror.enabled", "true",
            "registryMirror.spec.tags", "Serve",
            "registryMirror.spec.ports.peer", "29898");
    for (Map<String, String> some : List.of(Map.<String, String>of(), values)) {
      Path rendered = directory.resolve("rendered.yaml");
      Files.writeString(rendered, Chart.render(some, namespace));

      assertThatCode(
              () ->
                  kubernetes.kubectl(
                      "apply",
                      "--server-side",
                      "--dry-run=server",
                      "--validate=strict",
                      "-f",
                      rendered.toString()))
          .doesNotThrowAnyException();
    }
  }

  @Test
  void failsWhereTheApiServerRefusesTheMirror() {
    String namespace = namespace("unknown");
    Map<String, String> values =
        Map.of(
            "registryMirror.enabled", "true",
            "registryMirror.spec.platform", "Windows");

    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() -> Chart.install(kubernetes.kubeconfig(), values, namespace))
        .withMessageContaining("spec.platform");
  }

  /** From {@code helm install} to {@code helm uninstall}, with no more rights than the chart's. */
  @Test
  void installsServesAndUninstalls() throws Exception {
    String namespace = namespace("life");
    kubernetes.apply(NODE);

    Chart.install(kubernetes.kubeconfig(), Map.of("registryMirror.enabled", "true"), namespace);
    Process operator = run(namespace, Chart.OPERATOR, operatorPod(namespace));
    try {
      for (String made :
          List.of(
              "daemonset/" + Chart.RELEASE,
              "service/" + Chart.RELEASE,
              "configmap/" + Chart.RELEASE + "-roster",
              "secret/" + Chart.RELEASE + "-peer",
              "servicemonitor/" + Chart.RELEASE)) {
        await(namespace, made);
      }
      Await.until(
          "the mirror has a status",
          BOUND,
          () ->
              get(namespace, "rmirror/" + Chart.RELEASE, "{.status.conditions}").contains("Ready"));
      assertThat(get(namespace, "events", "{.items[*].source.component}")).contains(Chart.OPERATOR);
      assertThat(get(namespace, "lease/" + Chart.OPERATOR, "{.spec.holderIdentity}")).isNotEmpty();

      kubernetes.kubectl(
          "-n",
          namespace,
          "patch",
          "rmirror",
          Chart.RELEASE,
          "--type=merge",
          "-p",
          "{\"spec\": {\"monitoring\": {\"serviceMonitor\": {\"enabled\": false}}}}");
      Await.until(
          "the ServiceMonitor is removed",
          BOUND,
          () -> get(namespace, "servicemonitors", "{.items}").equals("[]"));

      uninstall(namespace);
      assertThat(log(Chart.OPERATOR)).content().doesNotContainIgnoringCase("forbidden");
    } finally {
      operator.destroy();
      boolean isOver = operator.waitFor(GRACE.toSeconds(), TimeUnit.SECONDS);
      operator.destroyForcibly();
      assertThat(isOver).as("ends when it is told to").isTrue();
    }
    assertThat(
            kubernetes.kubectl(
                "-n",
                namespace,
                "get",
                "rmirror,deployment,daemonset,serviceaccount,role,rolebinding,job",
                "-o",
                "name"))
        .isEqualToIgnoringWhitespace("serviceaccount/default");
  }

  @Test
  void anotherReplicaLeadsWhereOneIsLost() throws Exception {
    // Given
    String namespace = namespace("two");
    Chart.install(kubernetes.kubeconfig(), Map.of("replicas", "2"), namespace);
    Process leader = run(namespace, Chart.OPERATOR, operatorPod(namespace));
    Await.until(
        "one leads",
        BOUND,
        () -> !get(namespace, "lease", "{.items[*].spec.holderIdentity}").isEmpty());
    Process other = run(namespace, Chart.OPERATOR, operatorPod(namespace));
    try {
      // When
      leader.destroyForcibly().waitFor();
      kubernetes.apply(
          """
          apiVersion: registrymirror.dev/v1alpha1
          kind: RegistryMirror
          metadata: {name: later, namespace: %s}
          spec: {agent: {nodeSelector: {none: has-it}}}
          """
              .formatted(namespace));

      // Then
      Await.until(
          "the other serves it",
          BOUND,
          () -> get(namespace, "rmirror/later", "{.status.conditions}").contains("NoNodes"));
      kubernetes.kubectl("-n", namespace, "delete", "rmirror", "later", "--timeout=60s");
    } finally {
      leader.destroyForcibly();
      other.destroyForcibly();
    }
  }

  /** Helm's part runs beside it: it waits for the Job, whose pod is a process here. */
  private void uninstall(String namespace) throws Exception {
    Process helm =
        java(Chart.class, kubernetes.kubeconfig().toString(), namespace)
            .redirectErrorStream(true)
            .redirectOutput(log("helm-uninstall").toFile())
            .start();
    String selector = "app.kubernetes.io/name=registry-mirror-uninstall";
    Await.until(
        "the Job's pod is there",
        BOUND,
        () ->
            !client
                .pods()
                .inNamespace(namespace)
                .withLabelSelector(selector)
                .list()
                .getItems()
                .isEmpty());
    Pod pod =
        client
            .pods()
            .inNamespace(namespace)
            .withLabelSelector(selector)
            .list()
            .getItems()
            .getFirst();

    Process uninstall = run(namespace, pod.getSpec().getServiceAccountName(), pod.getSpec());

    assertThat(uninstall.onExit().get(BOUND.toSeconds(), TimeUnit.SECONDS).exitValue())
        .as("%s", log(pod.getSpec().getServiceAccountName()))
        .isZero();
    kubernetes.kubectl(
        "-n",
        namespace,
        "patch",
        "pod",
        pod.getMetadata().getName(),
        "--subresource=status",
        "-p",
        "{\"status\": {\"phase\": \"Succeeded\"}}");
    boolean isOver = helm.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS);
    helm.destroyForcibly();
    assertThat(isOver).as("%s", log("helm-uninstall")).isTrue();
    assertThat(helm.exitValue()).as("%s", log("helm-uninstall")).isZero();
  }

  @Test
  void mayNotDoWhatIsNotItsBusiness() {
    String namespace = namespace("rights");
    String other = namespace("other");
    Chart.install(kubernetes.kubeconfig(), Map.of(), namespace);

    assertThat(may(namespace, "get", "secrets")).isTrue();
    assertThat(may(namespace, "list", "secrets")).isFalse();
    assertThat(may(namespace, "delete", "registrymirrors.registrymirror.dev")).isFalse();
    assertThat(may(namespace, "create", "pods")).isFalse();
    assertThat(may(other, "get", "secrets")).isFalse();
    assertThat(may(other, "create", "daemonsets.apps")).isFalse();
    assertThat(may(other, "update", "leases.coordination.k8s.io")).isFalse();
  }

  /** Whether the operator of the release in {@code rights} may. */
  private static boolean may(String namespace, String verb, String resource) {
    try {
      kubernetes.kubectl(
          "auth",
          "can-i",
          verb,
          resource,
          "-n",
          namespace,
          "--as=system:serviceaccount:rights:" + Chart.OPERATOR);
      return true;
    } catch (LabException e) {
      // It exits with 1 and says no.
      return false;
    }
  }

  private static PodSpec operatorPod(String namespace) {
    return client
        .apps()
        .deployments()
        .inNamespace(namespace)
        .withName(Chart.OPERATOR)
        .get()
        .getSpec()
        .getTemplate()
        .getSpec();
  }

  private static void await(String namespace, String made) {
    Await.until(
        made + " is made",
        BOUND,
        () ->
            !kubernetes
                .kubectl("-n", namespace, "get", made, "--ignore-not-found", "-o", "name")
                .isBlank());
  }

  private static String get(String namespace, String what, String jsonPath) {
    return kubernetes.kubectl("-n", namespace, "get", what, "-o", "jsonpath=" + jsonPath);
  }

  private static Path log(String account) {
    return Path.of("target", account + ".log");
  }

  private static String namespace(String name) {
    kubernetes.kubectl("create", "namespace", name);
    return name;
  }

  /** The operator's process in place of a pod: its environment, its arguments, its rights. */
  private Process run(String namespace, String account, PodSpec pod) throws IOException {
    ProcessBuilder process =
        java(Main.class, pod.getContainers().getFirst().getArgs().toArray(String[]::new));
    for (EnvVar variable : pod.getContainers().getFirst().getEnv()) {
      process
          .environment()
          .put(variable.getName(), Optional.ofNullable(variable.getValue()).orElse(namespace));
    }
    process.environment().put("PORT", FreePorts.find(1).getFirst().toString());
    process.environment().put("KUBECONFIG", kubeconfig(namespace, account).toString());
    return process.redirectErrorStream(true).redirectOutput(log(account).toFile()).start();
  }

  private static ProcessBuilder java(Class<?> main, String... arguments) {
    ProcessBuilder process =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            main.getName());
    process.command().addAll(List.of(arguments));
    return process;
  }

  /** Of a service account. */
  private Path kubeconfig(String namespace, String account) throws IOException {
    return Files.writeString(
        directory.resolve(account + ".kubeconfig"),
        """
        apiVersion: v1
        kind: Config
        clusters:
        - name: lab
          cluster: {server: "%s", certificate-authority-data: %s}
        users:
        - name: account
          user: {token: %s}
        contexts:
        - name: lab
          context: {cluster: lab, user: account}
        current-context: lab
        """
            .formatted(
                kubernetes.url(),
                Base64.getEncoder().encodeToString(Files.readAllBytes(kubernetes.ca())),
                kubernetes.kubectl("-n", namespace, "create", "token", account).strip()));
  }
}
