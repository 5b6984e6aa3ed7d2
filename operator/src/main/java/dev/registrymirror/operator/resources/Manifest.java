package dev.registrymirror.operator.resources;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;
import org.yaml.snakeyaml.Yaml;

/** The YAML files beside this class: what is made, as far as no RegistryMirror decides it. */
final class Manifest {

  private static final ObjectMapper JSON = new ObjectMapper();

  private Manifest() {}

  /** Reads a manifest; anchors and aliases in it are followed, which Jackson alone does not. */
  static <T> T read(String name, Class<T> type) {
    return read(name, type, UnaryOperator.identity());
  }

  /** The same with its text changed first. */
  static <T> T read(String name, Class<T> type, UnaryOperator<String> change) {
    return JSON.convertValue(new Yaml().load(change.apply(text(name))), type);
  }

  /** A file as it is. */
  static String text(String name) {
    try (InputStream in = Manifest.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("no manifest " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
