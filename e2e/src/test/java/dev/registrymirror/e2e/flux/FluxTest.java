package dev.registrymirror.e2e.flux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.cluster.NeedsCluster;
import dev.registrymirror.lab.cluster.NodeLayout;
import dev.registrymirror.lab.flux.NeedsFlux;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * The bundle on real Flux: from a bare cluster with nodes of Talos's layout to one with a mirror,
 * changed and removed by commits alone. One story, told in order.
 */
@NeedsCluster
@NeedsFlux
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FluxTest {

  private static final String INFRASTRUCTURE = "kubernetes/infrastructure/kustomization.yaml";

  private static final String SERVICE_MONITOR = "{.spec.monitoring.serviceMonitor.enabled}";

  private static final String RELEASE = "kubernetes/bases/spegel/helmrelease.yaml";

  private static Delivered infra;
  private static Map<String, String> hostsBefore;

  @BeforeAll
  static void create() {
    infra = Delivered.to("infra", NodeLayout.TALOS);
    hostsBefore = infra.hosts();
  }

  @AfterAll
  static void close() {
    if (infra != null) {
      infra.close();
    }
  }

  @Test
  @Order(1)
  void nothingComesBeforeTheNetwork() {
    infra.flux().enter("infra");

    awaitWaiting("dependency 'flux-system/cilium' not found");
    infra.bringNetwork(true);
    awaitWaiting("dependency 'flux-system/cilium' is not ready");
    assertThat(infra.cluster().kubectl("-n", Delivered.NAMESPACE, "get", "deploy,ds,pods"))
        .isEmpty();
    assertThat(infra.cluster().kubectl("get", "crds", "-o", "name"))
        .doesNotContain("registrymirror");
  }

  private static void awaitWaiting(String reason) {
    for (String kustomization : List.of("spegel-operator", "spegel")) {
      infra.await(
          kustomization + " says " + reason, () -> infra.message(kustomization).contains(reason));
      assertThat(infra.ready(kustomization)).isEqualTo("False");
    }
  }

  @Test
  @Order(2)
  void aBareClusterBecomesOneWithAMirror() {
    Instant network = Instant.now();
    infra.bringNetwork(false);

    infra.awaitReady("cilium");
    infra.awaitReady("spegel-operator");
    infra.awaitReady("spegel");

    assertThat(infra.isServed()).isTrue();
    infra
        .cluster()
        .nodes()
        .forEach(
            node ->
                assertThat(
                        node.read(NodeLayout.TALOS.hostsDirectory() + "/registry.lab/hosts.toml"))
                    .contains("127.0.0.1:29999"));
    System.out.println(
        "from the network to a Ready mirror: "
            + Duration.between(network, Instant.now()).toMillis() / 1000.0
            + " s on two nodes");
    System.out.println(infra.flux().flux("reconcile", "ks", "spegel", "--with-source"));
    System.out.println(infra.flux().flux("get", "ks"));
    System.out.println(infra.cluster().kubectl("-n", Delivered.NAMESPACE, "get", "ds", "spegel"));
    System.out.println(infra.cluster().kubectl("-n", Delivered.NAMESPACE, "get", "rmirror"));
    System.out.println(infra.flux().flux("tree", "ks", "registry-mirror"));
  }

  @Test
  @Order(3)
  void aChangedSettingRollsOutAtOnceThoughTheIntervalIsAnHour() {
    String generation = infra.daemonSet("{.metadata.generation}");
    infra.set("SPEGEL_LOG_LEVEL", "debug");
    Instant committed = Instant.now();

    infra.reconcile();

    infra.await(
        "the setting is the mirror's",
        () -> infra.mirror("{.spec.agent.logLevel}").equals("debug"));
    infra.await(
        "every agent is of it",
        () -> !infra.daemonSet("{.metadata.generation}").equals(generation) && infra.isServed());
    infra.awaitReady("spegel");
    System.out.println(
        "from a commit to all agents replaced: "
            + Duration.between(committed, Instant.now()).toMillis() / 1000.0
            + " s");
  }

  @Test
  @Order(4)
  void driftIsPutBack() {
    infra
        .cluster()
        .kubectl(
            "-n",
            Delivered.NAMESPACE,
            "patch",
            "rmirror",
            Delivered.MIRROR,
            "--type=merge",
            "-p",
            "{\"spec\": {\"onDelete\": {\"timeout\": \"1m\"}}}");
    infra
        .cluster()
        .kubectl("-n", Delivered.NAMESPACE, "delete", "deploy", "registry-mirror-operator");

    // The operator first: Flux waits until the mirror's status is of what it has put back.
    infra.flux().flux("reconcile", "hr", "registry-mirror", "--namespace=" + Delivered.NAMESPACE);
    infra.flux().flux("reconcile", "ks", "spegel");

    assertThat(infra.mirror("{.spec.onDelete.timeout}")).isEqualTo("10m");
    infra
        .cluster()
        .kubectl(
            "-n",
            Delivered.NAMESPACE,
            "rollout",
            "status",
            "deploy/registry-mirror-operator",
            "--timeout=2m");
    infra.await("all is served again", infra::isServed);
  }

  @Test
  @Order(5)
  void suspendedItStaysAndResumedItFollows() {
    infra.flux().flux("suspend", "ks", "spegel");
    infra.set("SPEGEL_SERVICE_MONITOR", "\"false\"");

    infra.reconcile();
    infra.await(
        "the setting is in the cluster",
        () ->
            infra
                .field("flux-system", "configmap/spegel-settings", "{.data.SPEGEL_SERVICE_MONITOR}")
                .equals("false"));
    assertThat(infra.mirror(SERVICE_MONITOR)).isEqualTo("true");

    infra.flux().flux("resume", "ks", "spegel");
    infra.await("the mirror follows", () -> infra.mirror(SERVICE_MONITOR).equals("false"));
    infra.await("all is served again", infra::isServed);
  }

  @Test
  @Order(6)
  void aBrokenCommitLeavesTheMirrorAsItIsAndSaysWhy() {
    String generation = infra.daemonSet("{.metadata.generation}");
    infra.set("SPEGEL_PLATFORM", "Windows");

    infra.reconcile();

    infra.await("Flux says why", () -> infra.message("spegel").contains("spec.platform"));
    assertThat(infra.ready("spegel")).isEqualTo("False");
    assertThat(infra.mirror("{.spec.platform}")).isEqualTo("Talos");
    assertThat(infra.daemonSet("{.metadata.generation}")).isEqualTo(generation);
    assertThat(infra.isServed()).isTrue();
    System.out.println(infra.flux().flux("get", "ks", "spegel"));

    infra.set("SPEGEL_PLATFORM", "Talos");
    infra.reconcile();
    infra.awaitReady("spegel");
  }

  @Test
  @Order(7)
  void anAgentThatCannotStartIsToldAtOnceAndTheOthersServeOn() {
    infra.commit(RELEASE, text -> text.replace("/agent", "/no-agent"));
    infra.reconcile();
    infra.await(
        "an agent fails",
        () -> infra.mirror("{.status.conditions[?(@.type=='Ready')].reason}").equals("AgentsFail"));

    infra.request("spegel");
    infra.await(
        "Flux says so",
        () -> infra.message("spegel").contains("failed early due to stalled resources"));
    assertThat(infra.message("spegel")).contains("RegistryMirror/kube-system/spegel");
    assertThat(infra.daemonSet("{.status.numberReady}")).isEqualTo("1");
    System.out.println(infra.flux().flux("get", "ks", "spegel"));

    infra.commit(RELEASE, text -> text.replace("/no-agent", "/agent"));
    infra.reconcile();
    infra.await("all is served again", infra::isServed);
    // It would look again within a minute.
    infra.request("spegel");
    infra.awaitReady("spegel");
  }

  @Test
  @Order(8)
  void aCommitThatDropsTheMirrorRestoresTheNodesBeforeTheOperatorGoes() {
    infra.commit(
        INFRASTRUCTURE,
        text -> text.replace("resources:\n  - networking/spegel/ks.yaml", "resources: []"));
    Instant committed = Instant.now();

    infra.reconcile();

    infra.await("the mirror is gone", infra::isGone);
    System.out.println(
        "from a commit to the mirror gone and nodes restored: "
            + Duration.between(committed, Instant.now()).toMillis() / 1000.0
            + " s");
    assertThat(infra.hosts()).isEqualTo(hostsBefore);
    assertThat(infra.networkIsUntouched()).isTrue();
  }

  @Test
  @Order(9)
  void itComesBackAndGoesWithItsEntry() {
    infra.commit(
        INFRASTRUCTURE,
        text -> text.replace("resources: []", "resources:\n  - networking/spegel/ks.yaml"));
    infra.reconcile();
    infra.await("all is served again", infra::isServed);
    infra.awaitReady("spegel");

    infra.flux().leave("infra");

    assertThat(infra.isGone()).isTrue();
    assertThat(infra.hosts()).isEqualTo(hostsBefore);
    assertThat(infra.networkIsUntouched()).isTrue();
    assertThat(infra.flux().flux("get", "ks")).contains("cilium").doesNotContain("registry-mirror");
  }
}
