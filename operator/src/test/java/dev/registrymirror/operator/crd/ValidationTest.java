package dev.registrymirror.operator.crd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.registrymirror.lab.cluster.ControlPlane;
import dev.registrymirror.lab.cluster.NeedsControlPlane;
import dev.registrymirror.lab.machine.LabException;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the API server itself says of a RegistryMirror. */
@NeedsControlPlane
class ValidationTest {

  private static ControlPlane kubernetes;

  @BeforeAll
  static void start() throws IOException {
    kubernetes = ControlPlane.start(ControlPlane.Options.apiServer());
    kubernetes.apply(CrdFile.generate());
    kubernetes.kubectl("wait", "--for=condition=Established", "crd", "--all");
  }

  @AfterAll
  static void end() {
    if (kubernetes != null) {
      kubernetes.close();
    }
  }

  private static String mirror(String name, String spec) {
    return """
    apiVersion: registrymirror.dev/v1alpha1
    kind: RegistryMirror
    metadata: {name: %s, namespace: default}
    spec: %s
    """
        .formatted(name, spec);
  }

  /** A resource that breaks one rule each, and what the user is told. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {platform: Custom}                                         | platform Custom needs containerd.socket
          {platform: Custom, containerd: {socket: /run/x.sock}}      | platform Custom needs containerd.socket
          {platform: Windows}                                        | supported values: "Auto"
          {containerd: {socket: run/x.sock}}                         | absolute paths on the nodes
          {containerd: {hostsDirectory: /etc/../etc/certs.d}}        | absolute paths on the nodes
          {containerd: {contentStore: /}}                            | absolute paths on the nodes
          {containerd: {hostsDirectory: //etc}}                      | absolute paths on the nodes
          {containerd: {namespace: 'a b'}}                           | spec.containerd.namespace
          {ports: {registry: 80}}                                    | greater than or equal to 1024
          {ports: {registry: 65536}}                                 | less than or equal to 65535
          {ports: {metrics: 30000}}                                  | node ports: choose others
          {ports: {peer: 32767}}                                     | node ports: choose others
          {ports: {peer: 29999}}                                     | ports that differ from each other
          {registries: ['https://docker.io']}                        | spec.registries[0]
          {registries: [docker.io/library]}                          | spec.registries[0]
          {registries: [docker.io, docker.io]}                       | Duplicate value
          {tags: Sometimes}                                          | supported values: "Never"
          {onDelete: {timeout: soon}}                                | spec.onDelete.timeout
          {onDelete: {timeout: 48h}}                                 | from 5s to 24h
          {onDelete: {timeout: ''}}                                  | spec.onDelete.timeout
          {onDelete: {hosts: Destroy}}                               | supported values: "Keep"
          {onDelete: {timeout: 10m1h}}                               | spec.onDelete.timeout
          {monitoring: {serviceMonitor: {interval: often}}}          | spec.monitoring.serviceMonitor.interval
          {networkPolicy: Managed}                                   | set agent.hostNetwork to false
          {networkPolicy: Managed, agent: {hostNetwork: true}}       | set agent.hostNetwork to false
          {networkPolicy: Yes}                                       | supported values: "Disabled"
          {agent: {logLevel: loud}}                                  | supported values: "debug"
          {agent: {extraEnv: [{name: A, value: '1'}, {name: A}]}}    | Duplicate value
          """)
  void refuses(String spec, String message) {
    assertThatExceptionOfType(LabException.class)
        .isThrownBy(() -> kubernetes.apply(mirror("bad", spec)))
        .withMessageContaining(message);
  }

  @Test
  void fillsInDefaults() {
    kubernetes.apply(
        """
        apiVersion: registrymirror.dev/v1alpha1
        kind: RegistryMirror
        metadata: {name: plain, namespace: default}
        """);

    assertThat(kubernetes.kubectl("get", "rmirror", "plain", "-o", "jsonpath={.spec}"))
        .isEqualTo(
            "{\"agent\":{\"extraEnv\":[],\"hostNetwork\":true,\"logLevel\":\"info\",\"nodeSelector\":{}},"
                + "\"monitoring\":{\"alerts\":{\"enabled\":false},\"dashboard\":{\"enabled\":false},"
                + "\"serviceMonitor\":{\"enabled\":true,\"interval\":\"30s\",\"labels\":{}}},"
                + "\"networkPolicy\":\"Disabled\","
                + "\"onDelete\":{\"hosts\":\"Restore\",\"timeout\":\"10m\"},"
                + "\"peerTLS\":\"Managed\",\"platform\":\"Auto\","
                + "\"ports\":{\"metrics\":29997,\"peer\":29998,\"registry\":29999},"
                + "\"pullCredential\":\"Managed\",\"suspend\":false,\"tags\":\"Revalidate\"}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          custom   | {platform: Custom, containerd: {socket: /a/b.sock, contentStore: /c, hostsDirectory: /d}}
          override | {platform: Talos, containerd: {hostsDirectory: /etc/other}}
          many     | {registries: [docker.io, ghcr.io, 'localhost:5000', registry.example.com]}
          fenced   | {networkPolicy: Managed, agent: {hostNetwork: false}}
          slow     | {onDelete: {timeout: 1h30m}, monitoring: {serviceMonitor: {interval: 1m}}}
          """)
  void takes(String name, String spec) {
    assertThat(kubernetes.apply(mirror(name, spec))).contains("created");
  }

  @Test
  void showsItsColumns() {
    kubernetes.apply(mirror("shown", "{}"));

    assertThat(kubernetes.kubectl("get", "registry-mirror").lines().findFirst().orElseThrow())
        .matches("NAME +READY +NODES +BYPASSED +HIT RATIO +AGE");
    assertThat(kubernetes.kubectl("explain", "registrymirror.spec.onDelete.hosts"))
        .contains("Restore: every node's");
  }
}
