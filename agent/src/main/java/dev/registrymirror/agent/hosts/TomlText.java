package dev.registrymirror.agent.hosts;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.tomlj.Toml;

/**
 * Writes TOML as containerd needs it: a table for each host, never dotted keys nor inline tables,
 * which containerd takes for no host ({@code getSortedHosts} in its
 * remotes/docker/config/hosts.go).
 *
 * <p>Values are those of the parser: {@link String}, {@link Boolean}, {@link Long}, {@link Double},
 * {@code java.time}'s dates, {@link List} and {@link Map}.
 */
final class TomlText {

  private static final Pattern BARE_KEY = Pattern.compile("[A-Za-z0-9_-]+");

  private final StringBuilder text = new StringBuilder(512);

  /** A line of comment, or an empty line. */
  TomlText line(String line) {
    text.append(line).append('\n');
    return this;
  }

  /** The keys of a table and then its tables; the header of the table itself is not written. */
  TomlText entries(String path, Map<String, ?> table) {
    table.forEach(
        (key, value) -> {
          if (!isTable(value)) {
            line(key(key) + " = " + value(value));
          }
        });
    table.forEach(
        (key, value) -> {
          if (isTable(value)) {
            table(path.isEmpty() ? key(key) : path + "." + key(key), asMap(value));
          }
        });
    return this;
  }

  /** A table with its header. */
  TomlText table(String path, Map<String, ?> table) {
    return line("").line("[" + path + "]").entries(path, table);
  }

  /** The key, quoted where TOML asks for it. */
  static String key(String key) {
    return BARE_KEY.matcher(key).matches() ? key : quoted(key);
  }

  private static String quoted(String text) {
    return "\"" + Toml.tomlEscape(text) + "\"";
  }

  private static boolean isTable(Object value) {
    return value instanceof Map;
  }

  private static Map<String, ?> asMap(Object table) {
    @SuppressWarnings("unchecked") // TOML's keys are strings
    Map<String, ?> map = (Map<String, ?>) table;
    return map;
  }

  private static String value(Object value) {
    return switch (value) {
      case String string -> quoted(string);
      case Double number when number.isInfinite() -> number > 0 ? "inf" : "-inf";
      case Double number when number.isNaN() -> "nan";
      case List<?> array -> array(array);
      case Map<?, ?> table -> inline(asMap(table));
      default -> value.toString();
    };
  }

  private static String array(List<?> values) {
    return "[" + String.join(", ", values.stream().map(TomlText::value).toList()) + "]";
  }

  /** Tables within arrays, which containerd has none of: kept for whoever reads them. */
  private static String inline(Map<String, ?> table) {
    return "{"
        + String.join(
            ", ",
            table.entrySet().stream()
                .map(entry -> key(entry.getKey()) + " = " + value(entry.getValue()))
                .toList())
        + "}";
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
