package dev.registrymirror.agent.store.containerd;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.registrymirror.agent.store.Setup;
import dev.registrymirror.agent.store.containerd.api.Plugin;
import dev.registrymirror.agent.store.containerd.api.PluginsResponse;
import dev.registrymirror.agent.store.containerd.api.StatusResponse;
import dev.registrymirror.agent.telemetry.Log;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * What containerd's API tells of how it pulls. The configuration may hold registries' passwords, so
 * nothing else of it is kept or logged.
 */
final class SetupReader {

  private static final Log log = Log.of("containerd");

  private static final JsonFactory JSON = new JsonFactory();

  private SetupReader() {}

  /** From the exports of containerd's plugin for images (2.4, plugins/cri/images/plugin.go). */
  static Setup fromExports(Setup setup, PluginsResponse answer) {
    for (Plugin plugin : answer.getPluginsList()) {
      Map<String, String> exports = plugin.getExportsMap();
      String path = exports.get("RegistryConfigPath");
      if (path != null) {
        boolean discards = Boolean.parseBoolean(exports.get("DiscardUnpackedLayers"));
        return new Setup(setup.version(), Optional.of(path), true, discards, Instant.now());
      }
    }
    return setup;
  }

  /**
   * From {@code registry.configPath} and {@code containerd.discardUnpackedLayers} of the CRI
   * plugin's configuration (1.x, pkg/cri/server/status.go); 2.x leaves both out.
   */
  static Setup fromCriStatus(Setup setup, StatusResponse answer) {
    Optional<String> path = Optional.empty();
    boolean discards = false;
    try (JsonParser json = JSON.createParser(answer.getInfoOrDefault("config", "{}"))) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String section = json.currentName();
        if (json.nextToken() == JsonToken.START_OBJECT
            && (section.equals("registry") || section.equals("containerd"))) {
          while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = section + "." + json.currentName();
            JsonToken value = json.nextToken();
            switch (key) {
              case "registry.configPath" -> path = Optional.of(json.getText());
              case "containerd.discardUnpackedLayers" -> discards = value == JsonToken.VALUE_TRUE;
              default -> json.skipChildren();
            }
          }
        } else {
          json.skipChildren();
        }
      }
    } catch (IOException e) {
      log.debug("containerd's configuration cannot be read", "error", e.getClass());
      return setup;
    }
    return new Setup(setup.version(), path, false, discards, Instant.now());
  }
}
