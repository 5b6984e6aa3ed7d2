package dev.registrymirror.lab.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.KubernetesTools;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A real API server, whose objects and rights are what production's are. */
@NeedsControlPlane
class ControlPlaneTest {

  private static final Duration BOUND = Duration.ofSeconds(30);

  private static ControlPlane kubernetes;

  @BeforeAll
  static void start() {
    kubernetes = ControlPlane.start(ControlPlane.Options.apiServer());
  }

  @AfterAll
  static void end() {
    if (kubernetes != null) {
      kubernetes.close();
    }
  }

  @Test
  void keepsWhatIsApplied() {
    kubernetes.apply(configMap("kept", ""));

    assertThat(kubernetes.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.key}"))
        .isEqualTo("value");
  }

  @Test
  void knowsItsVersion() {
    assertThat(kubernetes.kubectl("version"))
        .contains("Client Version: v" + KubernetesTools.VERSION)
        .contains("Server Version: v" + KubernetesTools.VERSION);
  }

  @Test
  void learnsNewResources() {
    kubernetes.apply(
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: lamps.lab.test}
        spec:
          group: lab.test
          scope: Namespaced
          names: {plural: lamps, singular: lamp, kind: Lamp}
          versions:
          - name: v1
            served: true
            storage: true
            schema:
              openAPIV3Schema:
                type: object
                properties: {spec: {type: object, properties: {watts: {type: integer}}}}
        """);
    kubernetes.kubectl("wait", "--for=condition=Established", "crd/lamps.lab.test");

    kubernetes.apply(lamp("watts: 40"));

    assertThatExceptionOfType(LabException.class)
        .isThrownBy(() -> kubernetes.apply(lamp("watts: bright")))
        .withMessageContaining("spec.watts");
    assertThat(kubernetes.kubectl("get", "lamp", "hall", "-o", "jsonpath={.spec.watts}"))
        .isEqualTo("40");
  }

  @Test
  void saysWhatKubectlSaid() {
    assertThatExceptionOfType(LabException.class)
        .isThrownBy(() -> kubernetes.kubectl("get", "configmap", "absent"))
        .withMessageContaining("configmaps \"absent\" not found");
  }

  @Test
  void refusesWhoHasNoRight() {
    assertThatExceptionOfType(LabException.class)
        .isThrownBy(() -> kubernetes.kubectl("--as=nobody", "get", "secrets"))
        .withMessageContaining("User \"nobody\" cannot list resource \"secrets\"");
  }

  @Test
  void controllerManagerCollectsGarbage() {
    try (ControlPlane managed =
        ControlPlane.start(ControlPlane.Options.apiServer().withControllerManager())) {
      managed.apply(configMap("owner", ""));
      String uid = managed.kubectl("get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}");
      managed.apply(
          configMap(
              "owned",
              "ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: owner, uid: "
                  + uid
                  + "}]"));

      managed.kubectl("delete", "configmap", "owner");

      Await.until(
          "what it owned is gone",
          BOUND,
          () -> !managed.kubectl("get", "configmaps", "-o", "name").contains("configmap/owned"));
    }
  }

  @Test
  void leavesNothing() {
    ControlPlane other = ControlPlane.start(ControlPlane.Options.apiServer());
    Path directory = other.directory();
    assertThat(processesOf(directory)).isEqualTo(2);

    other.close();

    assertThat(directory).doesNotExist();
    assertThat(processesOf(directory)).isZero();
  }

  private static long processesOf(Path directory) {
    return ProcessHandle.allProcesses()
        .flatMap(process -> process.info().commandLine().stream())
        .filter(line -> line.contains(directory.toString()))
        .count();
  }

  private static String configMap(String name, String metadata) {
    return """
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: %s
      %s
    data: {key: value}
    """
        .formatted(name, metadata);
  }

  private static String lamp(String spec) {
    return """
    apiVersion: lab.test/v1
    kind: Lamp
    metadata: {name: hall}
    spec: {%s}
    """
        .formatted(spec);
  }
}
