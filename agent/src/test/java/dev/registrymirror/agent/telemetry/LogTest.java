package dev.registrymirror.agent.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LogTest {

  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private final Log log = Log.of("store");

  @AfterEach
  void uninstall() throws IOException {
    JsonLines.uninstall();
  }

  @Test
  void writesOneLineOfJsonAnEvent() throws IOException {
    install("info");

    log.info("blob withdrawn", "digest", "sha256:1", "size", 12, "whole", true, "by", null);

    Map<String, Object> line = onlyLine();
    assertThat(Instant.parse((String) line.remove("time"))).isNotNull();
    assertThat(line)
        .containsExactly(
            Map.entry("level", "info"),
            Map.entry("logger", "agent.store"),
            Map.entry("msg", "blob withdrawn"),
            Map.entry("digest", "sha256:1"),
            Map.entry("size", "12"),
            Map.entry("whole", "true"),
            Map.entry("by", "null"));
  }

  @Test
  void keepsWhatOthersSentOnItsLine() throws IOException {
    install("info");

    log.info("x", "name", "a\n{\"level\":\"error\"}\u2028\u0000", "umlaut", "\u00fc");

    assertThat(onlyLine())
        .containsEntry("name", "a\n{\"level\":\"error\"}\u2028\u0000")
        .containsEntry("umlaut", "\u00fc");
    assertThat(written.toString(StandardCharsets.UTF_8).strip()).containsPattern("^[ -~]+$");
  }

  @Test
  void writesWhatTheLevelAllows() throws IOException {
    install("warn");

    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d", new IOException("disk", new IOException("cable")));

    assertThat(log.isDebug()).isFalse();
    List<Map<String, Object>> lines = lines();
    assertThat(lines).extracting(line -> line.get("msg")).containsExactly("c", "d");
    assertThat((String) lines.getLast().get("error"))
        .startsWith("java.io.IOException: disk\n  at ")
        .endsWith("caused by java.io.IOException: cable");
  }

  @Test
  void debugIsForTheAgentAlone() throws IOException {
    install("debug");
    Logger library = Logger.getLogger("io.netty.channel");

    library.fine("each event of a channel");
    log.debug("a");

    assertThat(lines()).extracting(line -> line.get("msg")).containsExactly("a");
  }

  @Test
  void librariesTakeTheSameForm() throws IOException {
    install("info");
    Logger library = Logger.getLogger("some.library");

    library.log(Level.WARNING, "{0} of {1}", new Object[] {"one", "two"});

    assertThat(onlyLine())
        .containsEntry("level", "warn")
        .containsEntry("logger", "some.library")
        .containsEntry("msg", "one of two")
        .doesNotContainKey("one");
  }

  @Test
  void aLineHasABound() throws IOException {
    install("info");

    log.info("x", "text", "a".repeat(1 << 20));

    assertThat((String) onlyLine().get("text")).hasSize(JsonLines.MAX_TEXT + 3).endsWith("...");
  }

  @Test
  void aKeyWithoutAValueShows() throws IOException {
    install("info");

    log.info("x", "key");

    assertThat(onlyLine()).containsEntry("key", "null");
  }

  /** As the JDK does when the process is told to end, before streams have drained. */
  @Test
  void stillWritesWhileTheProcessEnds() throws IOException {
    install("info");

    LogManager.getLogManager().reset();
    log.info("drained");

    assertThat(onlyLine()).containsEntry("msg", "drained");
  }

  @Test
  void refusesALevelThatIsNone() {
    assertThatThrownBy(() -> install("verbose"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("not a log level: verbose (debug, info, warn, error)");
  }

  private void install(String level) {
    JsonLines.install(new PrintStream(written, true, StandardCharsets.US_ASCII), level);
  }

  private Map<String, Object> onlyLine() throws IOException {
    List<Map<String, Object>> lines = lines();
    assertThat(lines).hasSize(1);
    return lines.getFirst();
  }

  private List<Map<String, Object>> lines() throws IOException {
    List<Map<String, Object>> lines = new ArrayList<>();
    for (String line : written.toString(StandardCharsets.US_ASCII).lines().toList()) {
      Map<String, Object> fields = new LinkedHashMap<>();
      try (JsonParser json = new JsonFactory().createParser(line)) {
        assertThat(json.nextToken()).isEqualTo(JsonToken.START_OBJECT);
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          String field = json.currentName();
          json.nextToken();
          assertThat(fields.put(field, json.getText())).isNull();
        }
      }
      lines.add(fields);
    }
    return lines;
  }
}
