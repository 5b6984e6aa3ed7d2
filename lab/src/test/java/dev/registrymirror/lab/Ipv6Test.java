package dev.registrymirror.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.tools.Containerd;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Nodes without IPv4 share as others do. 2.4 is sent to the agent's IPv6 address; 1.6 and 1.7,
 * which read no hosts.toml in which a host is one ("table key cannot contain ']'"), to loopback. As
 * upstream is an IPv6 address too, tags are the first host's to resolve.
 */
@NeedsLab
class Ipv6Test {

  private static final long LITTLE = 100_000;

  @ParameterizedTest
  @EnumSource
  void pullsFromAPeerAndWithUpstreamDown(Containerd release) throws IOException {
    try (Lab lab = Lab.create(LabOptions.defaults().withIpv6())) {
      // Given
      Node provider = lab.node("provider", Containerd.V24);
      Node first = lab.node("first", release);
      Node second = lab.node("second", release);
      List<String> tags = List.of("--tags", "serve");
      for (Node node : lab.nodes()) {
        node.startMirror(new AgentMirror(tags, tags));
      }
      Image app = lab.upstream().push(ImageRecipe.named("app:1"));
      provider.pull(app.reference());
      Providers.await(app, provider);

      // When
      Pull pull = first.pull(app.reference());
      lab.upstream().refuseConnections();
      Pull whileDown = second.pull(app.reference());

      // Then
      assertThat(Files.readString(first.hostsFile(Upstream.REGISTRY)))
          .contains(
              release == Containerd.V24
                  ? "http://[" + first.address() + "]:29999"
                  : "http://127.0.0.1:29999");
      assertThat(first.images()).contains(app.reference());
      assertThat(second.images()).contains(app.reference());
      assertThat(List.of(pull, whileDown))
          .allMatch(each -> each.bytesFromPeers() > app.bytes())
          .allMatch(each -> each.bytesFromUpstream() < LITTLE);
    }
  }
}
