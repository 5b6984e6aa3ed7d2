package dev.registrymirror.lab;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.registrymirror.lab.machine.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a node's agent says of itself on {@code /status}, as the operator reads it. */
record AgentStatus(Map<String, Object> json) {

  /** After the start, images pulled are not counted; see docs/behaviour.md. */
  private static final Duration FIRST_MOMENTS = Duration.ofSeconds(5);

  static AgentStatus of(Node node) {
    try (JsonParser json =
        new JsonFactory().createParser(node.get(AgentMirror.METRICS_PORT, "/status"))) {
      json.nextToken();
      return new AgentStatus(object(json));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns when the agent counts what is pulled past it. */
  static void awaitWatching(Node node) {
    Await.until(
        "the first moments of the agent on " + node + " are over",
        Duration.ofSeconds(30),
        () -> {
          AgentStatus status = of(node);
          Instant since = Instant.parse(status.text("since"));
          return Instant.now().isAfter(since.plus(FIRST_MOMENTS).plusSeconds(1))
              && !status.text("containerdVersion").isEmpty();
        });
  }

  private static Map<String, Object> object(JsonParser json) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      fields.put(name, value(json));
    }
    return fields;
  }

  private static Object value(JsonParser json) throws IOException {
    return switch (json.currentToken()) {
      case START_OBJECT -> object(json);
      case START_ARRAY -> {
        List<Object> elements = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
          elements.add(value(json));
        }
        yield elements;
      }
      case VALUE_NUMBER_INT -> json.getLongValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> json.getText();
    };
  }

  String text(String field) {
    return (String) json.get(field);
  }

  boolean isMirrored() {
    return (boolean) json.get("mirrored");
  }

  /** {@code registry.lab config_path 1} for each. */
  List<String> bypassed() {
    return elements("bypassed").stream()
        .map(
            each ->
                "%s %s %s".formatted(each.get("registry"), each.get("reason"), each.get("images")))
        .toList();
  }

  /** Their reasons. */
  List<String> problems() {
    return elements("problems").stream().map(each -> (String) each.get("reason")).toList();
  }

  long served(String what) {
    return (long) ((Map<?, ?>) json.get("served")).get(what);
  }

  private List<Map<String, Object>> elements(String field) {
    List<Map<String, Object>> found = new ArrayList<>();
    for (Object element : (List<?>) json.get(field)) {
      Map<String, Object> fields = new LinkedHashMap<>();
      ((Map<?, ?>) element).forEach((name, value) -> fields.put((String) name, value));
      found.add(fields);
    }
    return found;
  }
}
