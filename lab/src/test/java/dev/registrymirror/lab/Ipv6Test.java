package dev.registrymirror.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.tools.Containerd;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Nodes without IPv4 share as others do. Of containerd 2.4 alone: 1.6 and 1.7 read no hosts.toml in
 * which a host is an IPv6 address ("table key cannot contain ']'").
 */
@NeedsLab
class Ipv6Test {

  private static final long LITTLE = 100_000;

  @Test
  void pullsFromAPeerAndWithUpstreamDown() throws IOException {
    try (Lab lab = Lab.create(LabOptions.defaults().withIpv6())) {
      // Given
      Node provider = lab.node("provider", Containerd.V24);
      Node first = lab.node("first", Containerd.V24);
      Node second = lab.node("second", Containerd.V24);
      lab.startAgents();
      Image app = lab.upstream().push(ImageRecipe.named("app:1"));
      provider.pull(app.reference());
      Providers.await(app, provider);

      // When
      Pull pull = first.pull(app.reference());
      lab.upstream().refuseConnections();
      Pull whileDown = second.pull(app.reference());

      // Then
      assertThat(Files.readString(first.hostsFile(Upstream.REGISTRY)))
          .contains("http://[" + first.address() + "]:29999");
      assertThat(first.images()).contains(app.reference());
      assertThat(second.images()).contains(app.reference());
      assertThat(List.of(pull, whileDown))
          .allMatch(each -> each.bytesFromPeers() > app.bytes())
          .allMatch(each -> each.bytesFromUpstream() < LITTLE);
    }
  }
}
