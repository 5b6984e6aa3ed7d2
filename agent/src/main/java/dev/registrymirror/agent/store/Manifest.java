package dev.registrymirror.agent.store;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.registrymirror.agent.oci.Digest;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What the store needs to know of a manifest or an index: its type, and the blobs that it lists.
 * Everything else in the file is skipped, unread.
 *
 * @param mediaType what it says itself, else what its shape tells; empty where it is neither
 * @param says whether {@code mediaType} is its own word
 * @param children its manifests, or its configuration and layers; those with a malformed digest are
 *     left out
 */
public record Manifest(Optional<String> mediaType, boolean says, List<Descriptor> children) {

  public static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
  public static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  public static final String DOCKER_LIST =
      "application/vnd.docker.distribution.manifest.list.v2+json";
  public static final String DOCKER_MANIFEST =
      "application/vnd.docker.distribution.manifest.v2+json";
  public static final String DOCKER_V1 = "application/vnd.docker.distribution.manifest.v1+json";
  public static final String DOCKER_V1_SIGNED =
      "application/vnd.docker.distribution.manifest.v1+prettyjws";

  /** Grammar of a media type, RFC 6838, section 4.2: it ends up in a header. */
  private static final Pattern MEDIA_TYPE =
      Pattern.compile(
          "[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}");

  private static final JsonFactory JSON = new JsonFactory();

  /** Whether a blob of that type lists other blobs. */
  public static boolean isManifest(String mediaType) {
    return mediaType.equals(OCI_INDEX)
        || mediaType.equals(OCI_MANIFEST)
        || mediaType.equals(DOCKER_LIST)
        || mediaType.equals(DOCKER_MANIFEST);
  }

  /**
   * Reads the top level of a manifest or an index. Of a key that stands twice the last counts, as
   * for containerd.
   *
   * @throws com.fasterxml.jackson.core.JsonProcessingException where it is no JSON object
   * @throws IOException where it cannot be read
   */
  public static Manifest read(InputStream in) throws IOException {
    try (JsonParser json = JSON.createParser(in)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new JsonParseException(json, "not a JSON object");
      }
      return new Reader(json).manifest();
    } catch (CharConversionException e) {
      throw new JsonParseException(null, "not UTF-8", e);
    }
  }

  private static Optional<String> mediaType(String text) {
    return text != null && MEDIA_TYPE.matcher(text).matches()
        ? Optional.of(text)
        : Optional.empty();
  }

  private static final class Reader {
    private final JsonParser json;
    private Optional<String> own = Optional.empty();
    private List<Descriptor> manifests;
    private List<Descriptor> config;
    private List<Descriptor> layers;
    private boolean fsLayers;
    private boolean signed;
    private int schemaVersion;

    Reader(JsonParser json) {
      this.json = json;
    }

    Manifest manifest() throws IOException {
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        json.nextToken();
        switch (key) {
          case "mediaType" -> own = mediaType(text());
          case "schemaVersion" -> schemaVersion = (int) number();
          case "manifests" -> manifests = descriptors();
          case "layers" -> layers = descriptors();
          case "config" -> config = descriptors();
          case "fsLayers" -> fsLayers = skip() == JsonToken.START_ARRAY;
          case "signatures" -> signed = skip() == JsonToken.START_ARRAY;
          default -> skip();
        }
      }
      List<Descriptor> children = new ArrayList<>();
      Stream.of(manifests, config, layers).filter(Objects::nonNull).forEach(children::addAll);
      return new Manifest(own.or(this::shape), own.isPresent(), children);
    }

    private Optional<String> shape() {
      if (manifests != null) {
        return Optional.of(OCI_INDEX);
      }
      if (config != null && layers != null) {
        return Optional.of(OCI_MANIFEST);
      }
      if (fsLayers && schemaVersion == 1) {
        return Optional.of(signed ? DOCKER_V1_SIGNED : DOCKER_V1);
      }
      return Optional.empty();
    }

    /** An array of descriptors, or a single one; null where it is neither. */
    private List<Descriptor> descriptors() throws IOException {
      List<Descriptor> found = new ArrayList<>();
      switch (json.currentToken()) {
        case START_OBJECT -> descriptor().ifPresent(found::add);
        case START_ARRAY -> {
          while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() == JsonToken.START_OBJECT) {
              descriptor().ifPresent(found::add);
            } else {
              skip();
            }
          }
        }
        default -> {
          return null;
        }
      }
      return found;
    }

    private Optional<Descriptor> descriptor() throws IOException {
      String type = "";
      Optional<Digest> digest = Optional.empty();
      long size = -1;
      Map<String, String> annotations = Map.of();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        json.nextToken();
        switch (key) {
          case "mediaType" -> type = mediaType(text()).orElse("");
          case "digest" -> digest = Optional.ofNullable(text()).flatMap(Digest::tryParse);
          case "size" -> size = number();
          case "annotations" -> annotations = annotations();
          default -> skip();
        }
      }
      String mediaType = type;
      long length = size;
      Map<String, String> notes = annotations;
      return digest.map(known -> new Descriptor(mediaType, known, length, notes));
    }

    private Map<String, String> annotations() throws IOException {
      Map<String, String> found = new HashMap<>();
      if (json.currentToken() != JsonToken.START_OBJECT) {
        skip();
        return found;
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        json.nextToken();
        String value = text();
        if (value != null) {
          found.put(key, value);
        }
      }
      return found;
    }

    /** The text at hand, or null where it is something else, which is skipped. */
    private String text() throws IOException {
      return skip() == JsonToken.VALUE_STRING ? json.getText() : null;
    }

    /** The whole number at hand, or -1. */
    private long number() throws IOException {
      return skip() == JsonToken.VALUE_NUMBER_INT ? json.getValueAsLong(-1) : -1;
    }

    /** Goes to the end of the value at hand; its first token. */
    private JsonToken skip() throws IOException {
      JsonToken first = json.currentToken();
      json.skipChildren();
      return first;
    }
  }
}
