package dev.registrymirror.lab.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.registrymirror.lab.Traces;
import dev.registrymirror.lab.cri.PullFailed;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.Cgroups;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A cluster of three kinds of nodes does what one in production does, and then is gone. */
@NeedsCluster
class ClusterTest {

  private static final Duration BOUND = Duration.ofSeconds(30);
  private static final int PORT = 30020;

  private static Cluster cluster;
  private static List<Path> containersOfOthers;

  @BeforeAll
  static void create() {
    containersOfOthers = Cgroups.named("k8s.io");
    cluster =
        Cluster.create(
            ClusterOptions.nodes(
                ClusterNodeOptions.of(NodeLayout.STANDARD),
                ClusterNodeOptions.of(NodeLayout.TALOS),
                ClusterNodeOptions.of(NodeLayout.K3S)));
  }

  @AfterAll
  static void leavesNothing() {
    if (cluster == null) {
      return;
    }
    Path directory = cluster.directory();
    assertThat(Traces.of(directory)).isNotEmpty();

    cluster.close();

    assertThat(directory).doesNotExist();
    assertThat(Traces.of(directory)).isEmpty();
    assertThat(Cgroups.named("k8s.io")).isEqualTo(containersOfOthers);
  }

  @Test
  void nodesAreWhatTheyWereToBe() {
    assertThat(nodes("{.metadata.name}{' '}{.status.nodeInfo.osImage}"))
        .contains("n2 Talos (v1.9.0)");
    assertThat(
            nodes(
                "{.status.nodeInfo.kubeletVersion}{' '}{.status.nodeInfo.containerRuntimeVersion}"))
        .satisfiesExactly(
            n1 -> assertThat(n1).startsWith("v1.36.3 containerd://2.4.2"),
            n2 -> assertThat(n2).startsWith("v1.36.3 containerd://2.4.2"),
            n3 -> assertThat(n3).startsWith("v1.36.3+k3s1 containerd://2.4.2"));
    assertThat(nodes("{.status.addresses[?(@.type=='InternalIP')].address}"))
        .containsExactlyElementsOf(cluster.nodes().stream().map(ClusterNode::address).toList());
  }

  private static String[] nodes(String jsonPath) {
    return cluster
        .kubectl("get", "nodes", "-o", "jsonpath={range .items[*]}" + jsonPath + "{'\\n'}{end}")
        .split("\n");
  }

  @Test
  void daemonSetServesOnAllNodesWhileContainerdRestarts() {
    // Given
    deployProbe();
    String before = pods();

    // When
    cluster.nodes().forEach(ClusterNode::restartContainerd);

    // Then
    for (ClusterNode node : cluster.nodes()) {
      assertThat(node.get(PORT, "/answer")).isEqualTo(node.name() + " v1\n");
      assertThat(node.read("/var/lib/probe/answer")).isEqualTo(node.name() + " v1\n");
      assertThat(node.run("curl", "-s", "http://127.0.0.1:" + PORT + "/answer"))
          .isEqualTo(node.name() + " v1\n");
    }
    cluster.nodes().forEach(ClusterNode::awaitReady);
    assertThat(cluster.kubectl("exec", "daemonset/probe", "--", "busybox", "hostname"))
        .startsWith("probe-");
    assertThat(pods()).isEqualTo(before);
  }

  @Test
  void killedNodeComesBackAsAfterAPowerFailure() {
    // Given
    deployProbe();
    ClusterNode node = cluster.node("n3");

    // When
    node.kill();

    // Then
    assertThat(node.answers(PORT, "/answer")).isFalse();

    // When
    node.start();

    // Then
    awaitProbe(node);
    assertThat(node.read("/var/lib/probe/answer")).isEqualTo("n3 v1\n");
  }

  @Test
  void podsReachServicesAndUpstream() {
    deployProbe();

    assertThat(fromPod("10.96.0.1", 443))
        .contains("Client sent an HTTP request to an HTTPS server");
    assertThat(fromPod(cluster.upstream().address().getHost(), 5000)).contains("200 OK");
  }

  private static String fromPod(String host, int port) {
    String request = "printf 'GET /v2/ HTTP/1.0\\r\\n\\r\\n' | nc -w 3 " + host + " " + port;
    return cluster.kubectl("exec", "daemonset/probe", "--", "sh", "-c", request);
  }

  /** Every test that needs it applies it; the second time nothing changes. */
  private static void deployProbe() {
    String image = cluster.pushBusybox("probe:1", Map.of("VERSION", "1"));
    cluster.apply(
        """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: probe}
        spec:
          selector: {matchLabels: {app: probe}}
          template:
            metadata: {labels: {app: probe}}
            spec:
              terminationGracePeriodSeconds: 0
              containers:
              - name: web
                image: %s
                command: [sh, -c, 'echo $NODE v$VERSION > /probe/answer; exec httpd -f -p 8080 -h /probe']
                env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
                ports: [{containerPort: 8080, hostPort: %d}]
                volumeMounts: [{name: probe, mountPath: /probe}]
              volumes:
              - {name: probe, hostPath: {path: /var/lib/probe, type: DirectoryOrCreate}}
        """
            .formatted(image, PORT));
    for (ClusterNode node : cluster.nodes()) {
      awaitProbe(node);
    }
  }

  private static void awaitProbe(ClusterNode node) {
    Await.until(node + " serves", BOUND, () -> node.answers(PORT, "/answer"));
  }

  private static String pods() {
    return cluster.kubectl(
        "get",
        "pods",
        "-l",
        "app=probe",
        "-o",
        "jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}{'\\n"
            + "'}{end}");
  }

  @Test
  void upstreamGoesAndComesBack() {
    String image = cluster.pushBusybox("late:1", Map.of());
    ClusterNode node = cluster.node("n2");

    cluster.upstream().refuseConnections();
    assertThatExceptionOfType(PullFailed.class)
        .isThrownBy(() -> node.pull(image))
        .withMessageContaining("connection refused");
    cluster.upstream().restore();
    node.pull(image);

    assertThat(node.images()).contains(image);
    assertThat(cluster.upstream().requests())
        .anyMatch(asked -> asked.node().equals("n2") && asked.repository().equals("late"));
  }
}
