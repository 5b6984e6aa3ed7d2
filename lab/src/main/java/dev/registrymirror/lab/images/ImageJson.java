package dev.registrymirror.lab.images;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.registrymirror.agent.oci.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** The JSON documents of an image (OCI image spec 1.1: config, manifest, index). */
final class ImageJson {

  static final String CONFIG = "application/vnd.oci.image.config.v1+json";
  static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  static final String INDEX = "application/vnd.oci.image.index.v1+json";

  private static final JsonFactory JSON = new JsonFactory();

  private ImageJson() {}

  static byte[] config(String architecture, List<Digest> diffIds) {
    return config(architecture, diffIds, List.of(), List.of());
  }

  /** The same with what runs in it and its environment: {@code NAME=value}. */
  static byte[] config(
      String architecture, List<Digest> diffIds, List<String> command, List<String> environment) {
    return write(
        json -> {
          if (!command.isEmpty()) {
            json.writeObjectFieldStart("config");
            strings(json, "Cmd", command);
            strings(json, "Env", environment);
            json.writeEndObject();
          }
          json.writeStringField("architecture", architecture);
          json.writeStringField("os", "linux");
          json.writeObjectFieldStart("rootfs");
          json.writeStringField("type", "layers");
          strings(json, "diff_ids", diffIds.stream().map(Digest::toString).toList());
          json.writeEndObject();
        });
  }

  /**
   * @param padding characters of an annotation that nobody reads
   */
  static byte[] manifest(Descriptor config, List<Descriptor> layers, int padding) {
    return write(
        json -> {
          json.writeNumberField("schemaVersion", 2);
          json.writeStringField("mediaType", MANIFEST);
          json.writeObjectFieldStart("config");
          describe(json, config);
          json.writeEndObject();
          json.writeArrayFieldStart("layers");
          for (Descriptor layer : layers) {
            json.writeStartObject();
            describe(json, layer);
            json.writeEndObject();
          }
          json.writeEndArray();
          if (padding > 0) {
            json.writeObjectFieldStart("annotations");
            json.writeStringField("padding", "x".repeat(padding));
            json.writeEndObject();
          }
        });
  }

  /** An index; {@code architectures} goes with {@code manifests}, one for one. */
  static byte[] index(List<String> architectures, List<Descriptor> manifests) {
    return write(
        json -> {
          json.writeNumberField("schemaVersion", 2);
          json.writeStringField("mediaType", INDEX);
          json.writeArrayFieldStart("manifests");
          for (int i = 0; i < manifests.size(); i++) {
            json.writeStartObject();
            describe(json, manifests.get(i));
            json.writeObjectFieldStart("platform");
            json.writeStringField("architecture", architectures.get(i));
            json.writeStringField("os", "linux");
            json.writeEndObject();
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  private static void strings(JsonGenerator json, String field, List<String> values)
      throws IOException {
    json.writeArrayFieldStart(field);
    for (String value : values) {
      json.writeString(value);
    }
    json.writeEndArray();
  }

  private static void describe(JsonGenerator json, Descriptor descriptor) throws IOException {
    json.writeStringField("mediaType", descriptor.mediaType());
    json.writeStringField("digest", descriptor.digest().toString());
    json.writeNumberField("size", descriptor.size());
  }

  private interface Fields {
    void writeTo(JsonGenerator json) throws IOException;
  }

  private static byte[] write(Fields fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      fields.writeTo(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
