package dev.registrymirror.agent.store.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.store.Setup;
import dev.registrymirror.agent.store.containerd.api.Plugin;
import dev.registrymirror.agent.store.containerd.api.PluginsResponse;
import dev.registrymirror.agent.store.containerd.api.StatusResponse;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SetupReaderTest {

  private static final Setup RELEASE = Setup.of("1.7.35", Instant.EPOCH);

  private static Setup fromConfig(String json) {
    return SetupReader.fromCriStatus(
        RELEASE, StatusResponse.newBuilder().putInfo("config", json).build());
  }

  @Test
  void readsTheConfigurationOfTheCriPlugin() {
    Setup setup =
        fromConfig(
            """
            {"containerd":{"runtimes":{"runc":{"discardUnpackedLayers":false}},
            "discardUnpackedLayers":true},"cni":{"configPath":"/not/this"},"sandboxImage":"pause",
            "registry":{"auths":{"a":{"password":"configPath"}},"configPath":"/etc/certs.d"}}
            """);

    assertThat(setup.configPath()).contains("/etc/certs.d");
    assertThat(setup.discardsLayers()).isTrue();
    assertThat(setup.readsOnePath()).isFalse();
    assertThat(setup.version()).isEqualTo("1.7.35");
  }

  @Test
  void aPathThatIsNotSetIsKnownToBeEmpty() {
    assertThat(fromConfig("{\"registry\":{\"configPath\":\"\"}}").configPath()).contains("");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "", "not JSON", "[]", "{\"containerd\":{\"runtimes\":{}}}"})
  void whatItDoesNotSayIsNotKnown(String json) {
    assertThat(fromConfig(json).configPath()).isEmpty();
    assertThat(fromConfig(json).discardsLayers()).isFalse();
  }

  @Test
  void readsWhatThePluginForImagesExports() {
    Setup setup =
        SetupReader.fromExports(
            RELEASE,
            PluginsResponse.newBuilder()
                .addPlugins(
                    Plugin.newBuilder()
                        .putExports("RegistryConfigPath", "/a:/b")
                        .putExports("DiscardUnpackedLayers", "true"))
                .build());

    assertThat(setup.configPath()).contains("/a:/b");
    assertThat(setup.discardsLayers()).isTrue();
    assertThat(setup.readsOnePath()).isTrue();
  }

  @Test
  void aPluginThatExportsNothingSaysNothing() {
    assertThat(
            SetupReader.fromExports(
                RELEASE, PluginsResponse.newBuilder().addPlugins(Plugin.newBuilder()).build()))
        .isEqualTo(RELEASE);
  }
}
