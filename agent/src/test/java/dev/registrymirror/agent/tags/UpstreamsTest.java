package dev.registrymirror.agent.tags;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UpstreamsTest {

  @ParameterizedTest
  @CsvSource({
    "docker.io,        https://registry-1.docker.io/v2",
    "ghcr.io,          https://ghcr.io/v2",
    "a.example:8443,   https://a.example:8443/v2",
    "localhost:5000,   http://localhost:5000/v2",
    "localhost,        https://localhost/v2",
    "localhost:443,    https://localhost:443/v2",
    "127.0.0.1:5000,   http://127.0.0.1:5000/v2",
    "127.0.0.1.io,     https://127.0.0.1.io/v2",
    "localhost.io,     https://localhost.io/v2",
    "'[::1]:5000',     http://[::1]:5000/v2",
    "'[fd00::1]:5000', https://[fd00::1]:5000/v2",
  })
  void knowsTheUsualPlace(String registry, String api) {
    assertThat(Upstreams.usual(registry).api()).hasToString(api);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ftp://a.example/v2", "/v2", "https:///v2", "a.example"})
  void refusesWhatIsNoAddress(String api) {
    assertThatThrownBy(() -> UpstreamAddress.of(api))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(api);
  }

  @Test
  void keepsAnOverriddenPath() {
    assertThat(UpstreamAddress.of("https://a.example/api/docker").manifest("b/c", "1"))
        .hasToString("https://a.example/api/docker/b/c/manifests/1");
  }
}
