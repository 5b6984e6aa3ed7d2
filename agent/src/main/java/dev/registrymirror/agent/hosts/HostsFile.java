package dev.registrymirror.agent.hosts;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * A hosts.toml: which hosts containerd asks for a registry, in the order of the file (containerd,
 * docs/hosts.md and core/remotes/docker/config/hosts.go).
 *
 * @param header the comment lines on top, without line ends
 * @param root all keys of the file but its hosts; they speak of the host asked last, {@code server}
 * @param hosts the {@code [host."URL"]} tables by URL, in the file's order
 */
record HostsFile(
    List<String> header, Map<String, Object> root, Map<String, Map<String, Object>> hosts) {

  static final HostsFile EMPTY = new HostsFile(List.of(), Map.of(), Map.of());

  private static final Set<String> CAPABILITIES = Set.of("pull", "resolve", "push", "referrers");

  /**
   * The file of these bytes.
   *
   * @throws MalformedTomlException where containerd could not read it either
   */
  static HostsFile parse(byte[] bytes) throws MalformedTomlException {
    String text = decode(bytes);
    TomlParseResult toml = Toml.parse(text);
    if (toml.hasErrors()) {
      TomlParseError first = toml.errors().getFirst();
      throw new MalformedTomlException(first.position().line(), first.getMessage());
    }
    Map<String, Object> root = plain(toml);
    checkCapabilities(toml, List.of(), root);
    Map<String, Map<String, Object>> hosts = new LinkedHashMap<>();
    Map<String, Object> tables = table(toml, List.of("host"), root.remove("host"));
    for (Map.Entry<String, Object> entry : tables.entrySet()) {
      List<String> path = List.of("host", entry.getKey());
      Map<String, Object> host = table(toml, path, entry.getValue());
      checkCapabilities(toml, path, host);
      hosts.put(entry.getKey(), host);
    }
    return new HostsFile(header(text), root, hosts);
  }

  private static String decode(byte[] bytes) throws MalformedTomlException {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result = decoder.decode(in, out, true);
    out.flip();
    if (result.isError()) {
      throw new MalformedTomlException(
          1 + (int) out.chars().filter(c -> c == '\n').count(), "not UTF-8");
    }
    return out.toString();
  }

  private static Map<String, Object> table(TomlTable file, List<String> path, Object value)
      throws MalformedTomlException {
    if (value == null) {
      return Map.of();
    }
    if (value instanceof Map<?, ?> table) {
      @SuppressWarnings("unchecked") // made by plain()
      Map<String, Object> map = (Map<String, Object>) table;
      return map;
    }
    throw new MalformedTomlException(line(file, path), "not a table: " + String.join(".", path));
  }

  /** A capability that containerd does not know makes it drop the whole file. */
  private static void checkCapabilities(
      TomlTable file, List<String> path, Map<String, Object> table) throws MalformedTomlException {
    Object capabilities = table.getOrDefault("capabilities", List.of());
    List<String> at = Stream.concat(path.stream(), Stream.of("capabilities")).toList();
    if (!(capabilities instanceof List<?> list)) {
      throw new MalformedTomlException(line(file, at), "not an array: capabilities");
    }
    for (Object capability : list) {
      if (!(capability instanceof String name)
          || !CAPABILITIES.contains(name.toLowerCase(Locale.ROOT))) {
        throw new MalformedTomlException(
            line(file, at), "a capability that containerd does not know: " + capability);
      }
    }
  }

  private static int line(TomlTable file, List<String> path) {
    TomlPosition position = file.inputPositionOf(path);
    return position == null ? 1 : position.line();
  }

  /** The table as the JDK's own collections, in the file's order: they can be compared. */
  private static Map<String, Object> plain(TomlTable table) {
    Map<String, Object> plain = new LinkedHashMap<>();
    for (String key : table.keySet()) {
      plain.put(key, plain(table.get(List.of(key))));
    }
    return plain;
  }

  private static Object plain(Object value) {
    return switch (value) {
      case TomlTable table -> plain(table);
      case TomlArray array -> array.toList().stream().map(HostsFile::plain).toList();
      default -> value;
    };
  }

  private static List<String> header(String text) {
    return text.lines().map(String::strip).takeWhile(line -> line.startsWith("#")).toList();
  }

  /** The file's text: header, root, then a table for each host. */
  String render() {
    TomlText text = new TomlText();
    header.forEach(text::line);
    text.entries("", root);
    hosts.forEach((url, table) -> text.table("host." + quotedUrl(url), table));
    return text.toString();
  }

  /** Quoted also where TOML would not ask for it, as everybody writes it. */
  private static String quotedUrl(String url) {
    return "\"" + Toml.tomlEscape(url) + "\"";
  }
}
