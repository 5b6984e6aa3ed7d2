package dev.registrymirror.e2e.flux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.cluster.ClusterNode;
import dev.registrymirror.lab.cluster.NeedsCluster;
import dev.registrymirror.lab.cluster.NodeLayout;
import dev.registrymirror.lab.flux.NeedsFlux;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The bundle's other cluster, whose nodes have k3s's paths. */
@NeedsCluster
@NeedsFlux
class FluxOnK3sTest {

  private static final String HOSTS = NodeLayout.K3S.hostsDirectory() + "/registry.lab/hosts.toml";

  @Test
  void comesServesAndGoes() {
    try (Delivered apps = Delivered.to("apps", NodeLayout.K3S)) {
      Map<String, String> before = apps.hosts();
      apps.cluster().node("n2").run("cp", "--preserve", HOSTS, "/tmp/hosts.toml");
      apps.bringNetwork(false);
      apps.flux().enter("apps");
      apps.awaitReady("spegel");
      assertThat(apps.isServed()).isTrue();

      // When k3s starts it writes its hosts directory anew.
      ClusterNode node = apps.cluster().node("n2");
      assertThat(node.read(HOSTS)).contains("127.0.0.1:29999");
      node.run("cp", "--preserve", "/tmp/hosts.toml", HOSTS);
      apps.await("the mirror is back", () -> node.read(HOSTS).contains("127.0.0.1:29999"));

      // And one line leaves this cluster without the mirror.
      apps.commit(
          "kubernetes/clusters/apps/kustomization.yaml",
          text -> text.replace("  - infrastructure.yaml", "  # - infrastructure.yaml"));
      apps.reconcile();
      apps.await("the mirror is gone", apps::isGone);
      assertThat(apps.hosts()).isEqualTo(before);
      assertThat(apps.networkIsUntouched()).isTrue();
    }
  }
}
