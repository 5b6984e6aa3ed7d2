package dev.registrymirror.operator.reconcile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.cluster.ControlPlane;
import dev.registrymirror.lab.cluster.NeedsControlPlane;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.FreePorts;
import dev.registrymirror.operator.PrometheusOperator;
import dev.registrymirror.operator.chart.Chart;
import dev.registrymirror.operator.crd.CrdFile;
import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.Agents;
import dev.registrymirror.operator.reconcile.StandInKubelet.Kind;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.Watch;
import io.javaoperatorsdk.operator.Operator;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The operator on a real API server with its controllers; nodes and agents are stand-ins. */
@NeedsControlPlane
class OperatorTest {

  private static final Duration BOUND = Duration.ofSeconds(60);
  private static final AtomicInteger NAMESPACES = new AtomicInteger();
  private static final int METRICS_PORT = FreePorts.find(1).getFirst();

  private static final RegistryMirrorReconciler.Pace QUICK =
      new RegistryMirrorReconciler.Pace(
          Duration.ofSeconds(1), Duration.ofMillis(500), Duration.ofMillis(500));

  /** Where the operator is at home. */
  private static final String HOME = "operators";

  private static final Set<String> RIGHTS =
      Set.of("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding");

  private static ControlPlane kubernetes;
  private static KubernetesClient client;

  private final String namespace = "mirror-" + NAMESPACES.incrementAndGet();
  private final Agents agents = new Agents();
  private StandInKubelet kubelet;
  private Operator operator;

  @BeforeAll
  static void startKubernetes() throws IOException {
    kubernetes = ControlPlane.start(ControlPlane.Options.apiServer().withControllerManager());
    kubernetes.apply(CrdFile.generate());
    kubernetes.kubectl("wait", "--for=condition=Established", "crd", "--all");
    kubernetes.kubectl("create", "namespace", HOME);
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

  /** With the rights that the chart gives it, and no more. */
  private Operator operator() {
    client.load(new ByteArrayInputStream(rights().getBytes(UTF_8))).items().stream()
        .filter(item -> RIGHTS.contains(item.getKind()))
        .forEach(item -> client.resource(item).serverSideApply());
    Config config =
        new ConfigBuilder(client.getConfiguration())
            .withOauthToken(
                kubernetes.kubectl("-n", HOME, "create", "token", Chart.OPERATOR).strip())
            .withAutoOAuthToken(null)
            .build();
    Operator started =
        new Operator(
            overrider ->
                overrider.withKubernetesClient(
                    new KubernetesClientBuilder().withConfig(config).build()));
    started.register(
        new RegistryMirrorReconciler("registry.lab/agent:1", agents, Clock.systemUTC(), QUICK),
        controller -> controller.settingNamespace(namespace));
    return started;
  }

  private String rights() {
    return Chart.render(Map.of("watchNamespaces[0]", namespace), HOME);
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
                      found -> found.getStatus().equals(status) && found.getReason().equals(reason))
                  .isPresent());
    } catch (RuntimeException e) {
      throw new AssertionError(
          e.getMessage()
              + "\n"
              + kubernetes.kubectl("-n", namespace, "get", "rmirror,pods,ds", "-o", "wide")
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

  private void twoNodes() {
    kubelet.add("n1", Kind.PLAIN, Map.of("pool", "a"));
    kubelet.add("n2", Kind.PLAIN, Map.of("pool", "b"));
  }

  private String get(String... arguments) {
    List<String> all = new ArrayList<>(List.of("-n", namespace, "get"));
    all.addAll(List.of(arguments));
    return kubernetes.kubectl(all.toArray(String[]::new));
  }

  private void awaitText(String what, String text, String... arguments) {
    Await.until(what, BOUND, () -> get(arguments).contains(text));
  }

  private void deleteMirror(String name, String... more) {
    List<String> all = new ArrayList<>(List.of("-n", namespace, "delete", "rmirror", name));
    all.addAll(List.of(more));
    kubernetes.kubectl(all.toArray(String[]::new));
  }

  @ParameterizedTest
  @CsvSource({
    "ds, spegel",
    "configmap, spegel-roster",
    "service, spegel",
    "secret, spegel-peer",
    "secret, spegel-ca",
    "secret, spegel-pull-credential"
  })
  void makesAgainWhatIsDeleted(String kind, String name) {
    twoNodes();
    mirror("spegel", "");
    await("spegel", "Ready", "True", "AllReady");
    String uid = get(kind, name, "-o", "jsonpath={.metadata.uid}");

    kubernetes.kubectl("-n", namespace, "delete", kind, name, "--cascade=orphan");

    Await.until(
        kind + " is made again",
        BOUND,
        () -> {
          String now =
              get(
                  kind,
                  "--field-selector",
                  "metadata.name=" + name,
                  "-o",
                  "jsonpath={.items..metadata.uid}");
          return !now.isEmpty() && !now.equals(uid);
        });
  }

  @Test
  void putsBackWhatIsChangedAndLeavesWhatOthersAdd() {
    twoNodes();
    mirror("spegel", "");
    await("spegel", "Ready", "True", "AllReady");

    kubernetes.kubectl("-n", namespace, "set", "image", "ds/spegel", "agent=elsewhere:9");
    kubernetes.kubectl("-n", namespace, "annotate", "ds/spegel", "note=mine");

    awaitText(
        "the image is put back",
        "registry.lab/agent:1",
        "ds",
        "spegel",
        "-o",
        "jsonpath={.spec.template.spec.containers[0].image}");
    assertThat(get("ds", "spegel", "-o", "jsonpath={.metadata.annotations.note}"))
        .isEqualTo("mine");
  }

  @Test
  void changesNothingWhereNothingIsToBeChanged() {
    twoNodes();
    mirror("spegel", "");
    await("spegel", "Ready", "True", "AllReady");
    await("spegel", "NodesConfigured", "True", "AllConfigured");
    String before = versions();

    kubernetes.kubectl("-n", namespace, "label", "node", "n1", "unrelated=1");
    kubernetes.kubectl("-n", namespace, "annotate", "rmirror", "spegel", "look=again");
    kubelet.says("n1", "\"mirrored\": true, \"served\": {\"blobs\": 1, \"bytes\": 1}");
    await("spegel", "Sharing", "True", "Served");

    assertThat(versions()).isEqualTo(before);
  }

  private String versions() {
    return get(
        "ds,configmap,service,secret",
        "-l",
        "app.kubernetes.io/managed-by=registry-mirror-operator",
        "-o",
        "jsonpath={range .items[*]}{.kind}/{.metadata.name}={.metadata.resourceVersion} {end}");
  }

  @Test
  void saysWherePlatformsDiffer() {
    kubelet.add("n1", Kind.TALOS, Map.of());
    kubelet.add("n2", Kind.K3S, Map.of());

    mirror("spegel", "");

    assertThat(await("spegel", "Ready", "False", "PlatformsDiffer").getMessage())
        .contains("Talos, K3s")
        .contains("agent.nodeSelector");
    assertThat(daemonSet("spegel")).isNull();
  }

  @Test
  void usesThePathsOfThePlatform() {
    kubelet.add("n1", Kind.TALOS, Map.of());
    kubelet.add("n2", Kind.K3S, Map.of("pool", "k3s"));

    mirror("spegel", "platform: Auto, agent: {nodeSelector: {pool: k3s}}");

    await("spegel", "Ready", "True", "AllReady");
    assertThat(get("ds", "spegel", "-o", "jsonpath={.spec.template.spec.volumes[*].hostPath.path}"))
        .contains("/var/lib/rancher/k3s/agent/etc/containerd/certs.d")
        .contains("/run/k3s/containerd")
        .doesNotContain("containerd.sock");
  }

  @Test
  void leavesOutNodesWhereNoAgentCanWork() {
    twoNodes();
    kubelet.add("crio", Kind.CRI_O, Map.of());

    mirror("spegel", "");

    await("spegel", "Ready", "True", "AllReady");
    assertThat(get("rmirror", "spegel", "-o", "jsonpath={.status.worstNodes}"))
        .contains("crio")
        .contains("Unsupported");
    assertThat(daemonSet("spegel").getStatus().getDesiredNumberScheduled()).isEqualTo(2);
    assertThat(get("configmap", "spegel-roster", "-o", "jsonpath={.data}")).doesNotContain("crio");
  }

  @Test
  void olderMirrorWins() {
    twoNodes();
    mirror("older", "agent: {nodeSelector: {pool: a}}");
    await("older", "Ready", "True", "AllReady");

    kubernetes.apply(
        """
        apiVersion: registrymirror.dev/v1alpha1
        kind: RegistryMirror
        metadata: {name: younger, namespace: %s}
        """
            .formatted(namespace));

    assertThat(await("younger", "Conflict", "True", "OlderMirror").getMessage())
        .contains(namespace + "/older");
    await("younger", "Ready", "False", "Conflict");
    assertThat(daemonSet("younger")).isNull();
    assertThat(condition("older", "Conflict").orElseThrow().getStatus()).isEqualTo("False");

    // When the older goes, the younger has its nodes.
    deleteMirror("older");
    awaitText("the younger is deployed", "younger", "ds");
  }

  @Test
  void leavesAloneADaemonSetOfItsNameThatIsNotItsOwn() {
    twoNodes();
    kubernetes.apply(
        """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: spegel, namespace: %s}
        spec:
          selector: {matchLabels: {app: other}}
          template:
            metadata: {labels: {app: other}}
            spec: {containers: [{name: other, image: other}]}
        """
            .formatted(namespace));

    mirror("spegel", "");

    await("spegel", "Ready", "False", "NameTaken");
    deleteMirror("spegel");
    assertThat(daemonSet("spegel").getSpec().getSelector().getMatchLabels())
        .containsEntry("app", "other");
  }

  @Test
  void saysThatPodSecurityForbidsTheAgents() {
    kubernetes.kubectl(
        "label", "namespace", namespace, "pod-security.kubernetes.io/enforce=baseline");
    twoNodes();

    mirror("spegel", "");

    assertThat(await("spegel", "Ready", "False", "PodsForbidden").getMessage())
        .contains("kubectl label namespace " + namespace)
        .contains("hostPath");
  }

  @Test
  void saysThatTheImageCannotBePulled() {
    kubelet.cannotPullOn("n2");
    twoNodes();

    mirror("spegel", "");

    assertThat(await("spegel", "Ready", "False", "AgentsFail").getMessage())
        .contains("1 of 2")
        .contains("n2")
        .contains("ImagePullBackOff")
        .contains("registry.lab/agent:1");
  }

  @Test
  void saysThatAgentsDoNotAnswer() {
    twoNodes();
    kubelet.silence("n2");

    mirror("spegel", "");

    assertThat(await("spegel", "NodesConfigured", "Unknown", "AgentsUnreachable").getMessage())
        .contains("n2")
        .contains("" + METRICS_PORT);
  }

  @Test
  void tellsOfNodesThatPullPastTheMirror() {
    twoNodes();
    kubelet.says(
        "n2",
        """
        "mirrored": true, "requests": {"local": 1, "peer": 5, "upstream": 2},
        "bypassed": [{"registry": "docker.io", "reason": "config_path", "images": 3, "last": "%s"}]
        """
            .formatted(Instant.now()));

    mirror("spegel", "");

    await("spegel", "Sharing", "False", "Bypassed");
    assertThat(get("rmirror", "spegel", "-o", "jsonpath={.status.worstNodes}"))
        .contains("n2")
        .contains("3 images of docker.io")
        .contains("config_path");
    assertThat(get("rmirror", "spegel", "--no-headers")).containsPattern("True +2/2 +1 +75% ");
  }

  @Test
  void sharesOnceAnAgentHasServedAnother() {
    twoNodes();
    mirror("spegel", "");
    await("spegel", "Sharing", "Unknown", "NothingYet");

    kubelet.says("n1", "\"mirrored\": true, \"served\": {\"blobs\": 2, \"bytes\": 10}");
    kubernetes.kubectl("-n", namespace, "annotate", "ds/spegel", "look=again");

    await("spegel", "Sharing", "True", "Served");
  }

  @Test
  void tellsOfHostsThatAreNotTheMirrors() {
    twoNodes();
    kubelet.says("n1", "\"mirrored\": false");

    mirror("spegel", "");

    assertThat(await("spegel", "NodesConfigured", "False", "HostsMissing").getMessage())
        .contains("n1");
  }

  @Test
  void tellsPrometheusOnceItCan() {
    twoNodes();
    mirror(
        "spegel",
        "monitoring: {alerts: {enabled: true}, dashboard: {enabled: true},"
            + " serviceMonitor: {interval: 15s, labels: {release: prom}}}");
    await("spegel", "Monitored", "False", "NoServiceMonitor");

    kubernetes.apply(PrometheusOperator.definition("PrometheusRule"));
    kubernetes.apply(PrometheusOperator.definition("ServiceMonitor"));
    try {
      await("spegel", "Monitored", "True", "Made");
      assertThat(get("servicemonitor", "spegel", "-o", "jsonpath={.spec.endpoints[0].interval}"))
          .isEqualTo("15s");
      assertThat(get("servicemonitor", "spegel", "-o", "jsonpath={.metadata.labels.release}"))
          .isEqualTo("prom");
      awaitText(
          "alerts",
          "job=\"spegel\"",
          "prometheusrule",
          "spegel",
          "-o",
          "jsonpath={.spec.groups[0].rules[0].expr}");
      awaitText("the dashboard", "spegel-dashboard", "configmap", "-l", "grafana_dashboard=1");

      mirror("spegel", "monitoring: {alerts: {enabled: false}}");

      Await.until(
          "what is not asked for goes",
          BOUND,
          () -> get("prometheusrule,configmap", "-l", "grafana_dashboard=1").isBlank());
    } finally {
      kubernetes.kubectl(
          "delete",
          "crd",
          "servicemonitors.monitoring.coreos.com",
          "prometheusrules.monitoring.coreos.com");
    }
  }

  @Test
  void givesVariablesBesideItsOwn() {
    twoNodes();

    mirror(
        "spegel",
        "tags: Never, agent: {extraEnv: [{name: MIRROR_FAN_OUT, value: '3'},"
            + " {name: MIRROR_TAGS, value: serve}]}");

    await("spegel", "Ready", "True", "AllReady");
    assertThat(daemonSet("spegel").getSpec().getTemplate().getSpec().getContainers().getFirst())
        .satisfies(agent -> assertThat(agent.getArgs()).containsExactly("serve"))
        .extracting(Container::getEnv, InstanceOfAssertFactories.list(EnvVar.class))
        .contains(new EnvVar("MIRROR_FAN_OUT", "3", null), new EnvVar("MIRROR_TAGS", "never", null))
        .extracting(EnvVar::getName)
        .doesNotHaveDuplicates();
  }

  @Test
  void fencesTheAgentsWhereAsked() {
    twoNodes();
    mirror("spegel", "networkPolicy: Managed, agent: {hostNetwork: false}");
    await("spegel", "Ready", "True", "AllReady");

    NetworkPolicy policy = policies().getFirst();
    assertThat(policy.getMetadata().getOwnerReferences())
        .extracting(OwnerReference::getName)
        .containsExactly("spegel");
    assertThat(client.pods().inNamespace(namespace).list().getItems())
        .hasSize(2)
        .allSatisfy(
            pod ->
                assertThat(pod.getMetadata().getLabels())
                    .containsAllEntriesOf(policy.getSpec().getPodSelector().getMatchLabels()));
    // All but the port for containerd, which is the node's own.
    assertThat(policy.getSpec().getIngress().getFirst().getPorts())
        .extracting(port -> port.getPort().getIntVal())
        .containsExactly(29_998, METRICS_PORT);
    assertThat(policy.getSpec().getEgress()).containsExactly(new NetworkPolicyEgressRule());

    kubernetes.kubectl("-n", namespace, "delete", "networkpolicy", "spegel");
    Await.until("it is made again", BOUND, () -> !policies().isEmpty());

    mirror("spegel", "networkPolicy: Disabled, agent: {hostNetwork: false}");
    Await.until("it goes", BOUND, () -> policies().isEmpty());
  }

  private List<NetworkPolicy> policies() {
    return client.network().v1().networkPolicies().inNamespace(namespace).list().getItems();
  }

  @Test
  void suspensionLeavesEverythingAsItIs() {
    twoNodes();
    mirror("spegel", "");
    await("spegel", "Ready", "True", "AllReady");

    mirror("spegel", "suspend: true, tags: Never");
    kubernetes.kubectl("-n", namespace, "set", "image", "ds/spegel", "agent=elsewhere:9");
    mirror("other", "agent: {nodeSelector: {pool: none}}");
    await("other", "Ready", "False", "NoNodes");

    assertThat(get("ds", "spegel", "-o", "jsonpath={.spec.template.spec.containers[0]}"))
        .contains("elsewhere:9")
        .doesNotContain("never");
    mirror("spegel", "suspend: false, tags: Never");
    awaitText(
        "it goes on",
        "never",
        "ds",
        "spegel",
        "-o",
        "jsonpath={.spec.template.spec.containers[0].env}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"background", "foreground"})
  void restoresTheNodesBeforeItGoes(String cascade) {
    twoNodes();
    mirror("spegel", "");
    await("spegel", "Ready", "True", "AllReady");
    List<String> modes = new CopyOnWriteArrayList<>();
    try (Watch watch = client.pods().inNamespace(namespace).watch(new ModesSeen(modes))) {

      deleteMirror("spegel", "--cascade=" + cascade);

      assertThat(watch).isNotNull();
    }
    assertThat(modes).contains("n1 cleanup", "n2 cleanup");
    assertThat(mirrors()).isEmpty();
    assertThat(daemonSet("spegel")).isNull();
    awaitText("what it owned is gone", "", "secret");
  }

  @Test
  void lettingHostsBeTakesNoTime() {
    twoNodes();
    mirror("spegel", "onDelete: {hosts: Keep}");
    await("spegel", "Ready", "True", "AllReady");

    deleteMirror("spegel");

    assertThat(daemonSet("spegel")).isNull();
    assertThat(get("events")).doesNotContain("HostsNotRestored");
  }

  @Test
  void nodesThatCannotBeRestoredDoNotBlockForEver() {
    twoNodes();
    mirror("spegel", "onDelete: {timeout: 5s}");
    await("spegel", "Ready", "True", "AllReady");

    kubelet.cannotPullOn("n2");
    deleteMirror("spegel");

    assertThat(mirrors()).isEmpty();
    assertThat(get("events")).contains("HostsNotRestored").contains("n2");
  }

  @Test
  void saysThatANamespaceThatEndsLeavesNodesAsTheyAre() {
    twoNodes();
    mirror("spegel", "");
    await("spegel", "Ready", "True", "AllReady");

    kubernetes.kubectl("delete", "namespace", namespace, "--timeout=60s");

    assertThat(client.namespaces().withName(namespace).get()).isNull();
  }

  @Test
  void goesOnAfterARestart() {
    twoNodes();
    mirror("spegel", "");
    await("spegel", "Ready", "True", "AllReady");
    operator.stop();
    kubernetes.kubectl("-n", namespace, "delete", "configmap", "spegel-roster");

    operator = operator();
    operator.start();

    awaitText("the roster is back", "spegel-roster", "configmap");
    assertThat(condition("spegel", "Ready").orElseThrow().getStatus()).isEqualTo("True");
  }

  @Test
  void followsNodesThatComeAndGo() {
    twoNodes();
    mirror("spegel", "");
    await("spegel", "Ready", "True", "AllReady");

    kubelet.add("n3", Kind.PLAIN, Map.of());
    awaitText("three nodes", "3/3", "rmirror", "spegel", "--no-headers");
    kubelet.remove("n1");
    awaitText("two nodes", "2/2", "rmirror", "spegel", "--no-headers");
  }
}
