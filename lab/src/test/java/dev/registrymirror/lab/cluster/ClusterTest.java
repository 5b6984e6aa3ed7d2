package dev.registrymirror.lab.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.registrymirror.lab.Traces;
import dev.registrymirror.lab.cri.PullFailed;
import dev.registrymirror.lab.machine.Await;
import java.nio.file.Path;
import java.time.Duration;
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

  @BeforeAll
  static void create() {
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
      Await.until(node + " serves", BOUND, () -> node.answers(PORT, "/answer"));
    }
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
    assertThat(pods()).isEqualTo(before).contains(" 0\n");
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
