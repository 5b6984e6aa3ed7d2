package dev.registrymirror.operator.resources;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.yaml.snakeyaml.Yaml;

/** The YAML files beside this class: what is made, as far as no RegistryMirror decides it. */
final class Manifest {

  private static final ObjectMapper JSON = new ObjectMapper();
  static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private Manifest() {}

  /** Reads a manifest; anchors and aliases in it are followed, which Jackson alone does not. */
  static <T> T read(String name, Class<T> type) {
    try (InputStream in = Manifest.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("no manifest " + name);
      }
      return JSON.convertValue(new Yaml().load(in), type);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
