package dev.registrymirror.operator.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.operator.crd.ContainerdSpec;
import dev.registrymirror.operator.crd.PlatformName;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {

  @ParameterizedTest
  @CsvSource({
    "linux, Debian GNU/Linux 12, v1.36.3, containerd://2.4.2, Containerd",
    "linux, Talos (v1.9.0), v1.36.3, containerd://2.0.1, Talos",
    "linux, Ubuntu 24.04, v1.33.1+k3s1, containerd://2.0.5-k3s1, K3s",
    "linux, Rocky Linux 9, v1.33.1+rke2r1, containerd://2.0.5-k3s1, RKE2",
    "linux, Alpine Linux, v1.33.1+k0s, containerd://1.7.27, K0s",
    "linux, Bottlerocket OS 1.30, v1.33.1-eks, containerd://1.7.27, bottlerocket",
    "linux, Fedora CoreOS 42, v1.33.1, cri-o://1.33.0, other-runtime",
    "linux, Ubuntu 24.04, v1.33.1, docker://27.0, other-runtime",
    "windows, Windows Server 2022, v1.33.1, containerd://1.7.27, windows",
  })
  void isToldByTheNode(
      String system, String image, String kubelet, String runtime, String expected) {
    NodeFacts node =
        new NodeFacts("n", "10.0.0.1", "", Map.of(), true, system, image, kubelet, runtime);

    assertThat(Platform.of(node)).hasToString(expected);
  }

  @Test
  void userPutsPathsInPlaceOfThePlatforms() {
    ContainerdPaths paths =
        Platform.named(PlatformName.Talos)
            .paths()
            .with(new ContainerdSpec(null, "other", null, "/etc/elsewhere"));

    assertThat(paths)
        .isEqualTo(
            new ContainerdPaths(
                "/run/containerd/containerd.sock",
                "other",
                "/var/lib/containerd/io.containerd.content.v1.content",
                "/etc/elsewhere"));
    assertThat(paths.socketDirectory()).isEqualTo("/run/containerd");
  }
}
