package dev.registrymirror.agent.hosts;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The originals of one hosts directory, kept on the node outside of it: k3s and Talos delete what
 * they did not write. In {@code <state-dir>/hosts/<the directory's path, encoded>/}:
 *
 * <ul>
 *   <li>{@code _settings.json}: what {@code configure} was told, without the credential;
 *   <li>{@code <folder>.json}: one {@link Original}, naming its bytes by their digest;
 *   <li>{@code <folder>.<sha256>.toml}: those bytes, to be put back by hand where need be.
 * </ul>
 *
 * <p>Bytes are written before the record that names them, and the record before the file that it
 * lets us know again: a crash anywhere loses nothing.
 */
final class Originals {

  private static final JsonFactory JSON = new JsonFactory();
  private static final String SETTINGS = "_settings.json";
  private static final String RECORD = ".json";
  private static final String BYTES = ".toml";

  /** Originals may hold credentials. */
  private static final String FILE_MODE = "rw-------";

  private static final String DIRECTORY_MODE = "rwx------";

  private final Disk disk;
  private final Path directory;

  Originals(Disk disk, Path stateDir, Path hostsDir) {
    this.disk = disk;
    String name =
        URLEncoder.encode(hostsDir.toAbsolutePath().normalize().toString(), StandardCharsets.UTF_8);
    this.directory = stateDir.toAbsolutePath().normalize().resolve("hosts").resolve(name);
  }

  Path directory() {
    return directory;
  }

  void make() throws IOException {
    disk.makeDirectories(directory, DIRECTORY_MODE);
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /**
   * What {@code configure} was told.
   *
   * @param hostsDirExisted whether the hosts directory itself is somebody else's
   * @param active false once a cleanup has begun: a {@code serve} still running puts nothing back
   */
  record Configured(
      List<URI> mirrors,
      List<String> registries,
      TagPolicy tags,
      boolean hostsDirExisted,
      boolean active) {

    Configured ended() {
      return new Configured(mirrors, registries, tags, hostsDirExisted, false);
    }
  }

  Optional<Configured> configured() throws IOException {
    Optional<Map<String, List<String>>> fields = readFields(directory.resolve(SETTINGS));
    if (fields.isEmpty()) {
      return Optional.empty();
    }
    Path file = directory.resolve(SETTINGS);
    Map<String, List<String>> found = fields.get();
    return Optional.of(
        new Configured(
            all(found, "mirrors").stream().map(HostsSettings::mirror).toList(),
            all(found, "registries"),
            TagPolicy.of(one(file, found, "tags"))
                .orElseThrow(() -> new IOException(file + ": tags")),
            Boolean.parseBoolean(one(file, found, "hostsDirExisted")),
            Boolean.parseBoolean(one(file, found, "active"))));
  }

  void keep(Configured configured) throws IOException {
    Map<String, List<String>> fields = new LinkedHashMap<>();
    fields.put("mirrors", configured.mirrors().stream().map(URI::toString).toList());
    fields.put("registries", configured.registries());
    fields.put("tags", List.of(configured.tags().id()));
    fields.put("hostsDirExisted", List.of(String.valueOf(configured.hostsDirExisted())));
    fields.put("active", List.of(String.valueOf(configured.active())));
    writeFields(directory.resolve(SETTINGS), fields);
  }

  /** All that are kept, in the order of their folders. */
  List<Original> all() throws IOException {
    List<Original> all = new ArrayList<>();
    for (Path file : Disk.list(directory)) {
      String name = file.getFileName().toString();
      if (name.endsWith(RECORD) && !name.equals(SETTINGS) && !name.startsWith(".")) {
        of(name.substring(0, name.length() - RECORD.length())).ifPresent(all::add);
      }
    }
    return all;
  }

  /** The one of that folder. */
  Optional<Original> of(String folder) throws IOException {
    Path file = directory.resolve(folder + RECORD);
    Optional<Map<String, List<String>>> fields = readFields(file);
    if (fields.isEmpty()) {
      return Optional.empty();
    }
    Map<String, List<String>> found = fields.get();
    Optional<byte[]> bytes = Optional.empty();
    if (!all(found, "original").isEmpty()) {
      Path kept = bytesFile(folder, one(file, found, "original"));
      bytes = Disk.read(kept);
      if (bytes.isEmpty()) {
        throw new IOException(kept + ": not there, but named by " + file);
      }
    }
    return Optional.of(
        new Original(
            folder,
            Boolean.parseBoolean(one(file, found, "folderExisted")),
            bytes,
            one(file, found, "mode"),
            all(found, "written"),
            one(file, found, "upstream")));
  }

  /** Keeps an original, in place of the one of its folder. */
  void keep(Original original) throws IOException {
    String folder = original.folder();
    Map<String, List<String>> fields = new LinkedHashMap<>();
    fields.put("folderExisted", List.of(String.valueOf(original.folderExisted())));
    fields.put("mode", List.of(original.mode()));
    fields.put("written", original.written());
    fields.put("upstream", List.of(original.upstream()));
    Optional<Path> kept = original.bytes().map(bytes -> bytesFile(folder, sha256(bytes)));
    if (kept.isPresent()) {
      byte[] bytes = original.bytes().get();
      fields.put("original", List.of(sha256(bytes)));
      if (!Disk.read(kept.get()).map(there -> Arrays.equals(there, bytes)).orElse(false)) {
        disk.write(kept.get(), bytes, FILE_MODE);
      }
    }
    writeFields(directory.resolve(folder + RECORD), fields);
    removeBytes(folder, kept);
  }

  /**
   * Forgets an original.
   *
   * @param andBytes false where it was not put back: then its bytes stay, for whoever wants them
   */
  void forget(String folder, boolean andBytes) throws IOException {
    disk.remove(directory.resolve(folder + RECORD));
    if (andBytes) {
      removeBytes(folder, Optional.empty());
    }
  }

  /** Where the bytes of an original are, which has some. */
  Path bytesFile(Original original) {
    return bytesFile(original.folder(), sha256(original.bytes().orElseThrow()));
  }

  /** Forgets everything, after the last original has been put back. */
  void forgetSettings() throws IOException {
    disk.remove(directory.resolve(SETTINGS));
    disk.tidy(directory.resolve(SETTINGS));
  }

  private Path bytesFile(String folder, String sha256) {
    return directory.resolve(folder + "." + sha256 + BYTES);
  }

  private void removeBytes(String folder, Optional<Path> but) throws IOException {
    for (Path file : Disk.list(directory)) {
      String name = file.getFileName().toString();
      boolean ofFolder =
          name.length() == folder.length() + 1 + 64 + BYTES.length()
              && name.startsWith(folder + ".")
              && name.endsWith(BYTES);
      if (ofFolder && !but.equals(Optional.of(file))) {
        disk.remove(file);
      }
    }
  }

  /** Each record is an object of arrays of strings. */
  private void writeFields(Path file, Map<String, List<String>> fields) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      for (Map.Entry<String, List<String>> field : fields.entrySet()) {
        json.writeArrayFieldStart(field.getKey());
        for (String value : field.getValue()) {
          json.writeString(value);
        }
        json.writeEndArray();
      }
      json.writeEndObject();
    }
    byte[] record = bytes.toByteArray();
    if (!Disk.read(file).map(there -> Arrays.equals(there, record)).orElse(false)) {
      disk.write(file, record, FILE_MODE);
    }
  }

  private static Optional<Map<String, List<String>>> readFields(Path file) throws IOException {
    Optional<byte[]> bytes = Disk.read(file);
    if (bytes.isEmpty()) {
      return Optional.empty();
    }
    Map<String, List<String>> fields = new LinkedHashMap<>();
    try (JsonParser json = JSON.createParser(bytes.get())) {
      String field = "";
      while (json.nextToken() != null) {
        if (json.currentToken() == JsonToken.FIELD_NAME) {
          field = json.currentName();
          fields.put(field, new ArrayList<>());
        } else if (json.currentToken() == JsonToken.VALUE_STRING && !field.isEmpty()) {
          fields.get(field).add(json.getText());
        }
      }
    } catch (IOException e) {
      throw new IOException(file + ": not a record of this agent: " + e.getMessage(), e);
    }
    return Optional.of(fields);
  }

  private static List<String> all(Map<String, List<String>> fields, String name) {
    return fields.getOrDefault(name, List.of());
  }

  private static String one(Path file, Map<String, List<String>> fields, String name)
      throws IOException {
    List<String> values = all(fields, name);
    if (values.size() != 1) {
      throw new IOException(file + ": not a record of this agent: " + name + " is missing");
    }
    return values.getFirst();
  }
}
