package dev.registrymirror.agent.doctor;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/**
 * What containerd's configuration says about pulling images, with its imports, as containerd reads
 * it ({@code LoadConfigWithPlugins} in its cmd/containerd/server/config): breadth first, each file
 * migrated to the newest version and then laid over those before it.
 *
 * <p>How it is laid over differs: 1.x replaces a plugin's whole section, 2.x merges keys. Where the
 * two give different values a setting is {@link #isAmbiguous}.
 *
 * @param version of the main file; 1 where it names none
 * @param merged the settings by name as 2.x merges them
 * @param replaced the same as 1.x does
 */
record ContainerdConfig(int version, Map<String, Object> merged, Map<String, Object> replaced) {

  static final String CONFIG_PATH = "registry.config_path";
  static final String MIRRORS = "registry.mirrors";
  static final String CONFIGS = "registry.configs";
  static final String AUTHS = "registry.auths";
  static final String DISCARD = "discard_unpacked_layers";
  static final String LOCAL_PULL = "use_local_image_pull";

  /** Files read at most; containerd itself has no bound, and nobody has so many. */
  static final int MAX_FILES = 256;

  /** Bytes of one file at most. */
  static final int MAX_FILE_SIZE = 1024 * 1024;

  /** The plugin that pulls for Kubernetes, until version 2 of the file and from version 3 on. */
  private static final List<String> CRI = List.of("cri", "io.containerd.grpc.v1.cri");

  private static final String IMAGES = "io.containerd.cri.v1.images";

  private static final List<String> SETTINGS =
      List.of(CONFIG_PATH, MIRRORS, CONFIGS, AUTHS, DISCARD, LOCAL_PULL);

  /**
   * Reads a configuration.
   *
   * @throws UnreadableConfigException where a part of it cannot be read, and so nothing is known
   */
  static ContainerdConfig read(Path file) throws UnreadableConfigException {
    Map<String, Object> merged = new HashMap<>();
    Map<String, Object> replaced = new HashMap<>();
    int version = 0;
    Set<Path> read = new HashSet<>();
    Deque<Path> pending = new ArrayDeque<>(List.of(file.toAbsolutePath().normalize()));
    while (!pending.isEmpty()) {
      Path next = pending.remove();
      if (!read.add(next)) {
        continue;
      }
      if (read.size() > MAX_FILES) {
        throw new UnreadableConfigException(file + " imports more than " + MAX_FILES + " files");
      }
      TomlTable toml = parse(next);
      int ofFile = version(next, toml);
      version = Math.max(version, ofFile);
      Map<String, Object> settings = settings(toml, ofFile);
      merged.putAll(settings);
      if (hasPlugin(toml, ofFile)) {
        replaced.clear();
        replaced.putAll(settings);
      }
      pending.addAll(imports(next, file.toAbsolutePath().normalize(), toml));
    }
    return new ContainerdConfig(version, merged, replaced);
  }

  private static TomlTable parse(Path file) throws UnreadableConfigException {
    try {
      if (Files.size(file) > MAX_FILE_SIZE) {
        throw new UnreadableConfigException(file + " is longer than " + MAX_FILE_SIZE + " bytes");
      }
      TomlParseResult toml = Toml.parse(Files.readString(file));
      if (toml.hasErrors()) {
        throw new UnreadableConfigException(
            file
                + " does not parse: line "
                + toml.errors().getFirst().position().line()
                + ": "
                + toml.errors().getFirst().getMessage());
      }
      return toml;
    } catch (CharacterCodingException e) {
      throw new UnreadableConfigException(file + " is not UTF-8");
    } catch (IOException e) {
      throw new UnreadableConfigException(file + " cannot be read from here");
    }
  }

  private static int version(Path file, TomlTable toml) throws UnreadableConfigException {
    Object version = toml.get(List.of("version"));
    if (version == null) {
      return 1;
    }
    if (version instanceof Long number && number >= 1 && number <= 9) {
      return number.intValue();
    }
    throw new UnreadableConfigException(file + " has an unknown version: " + version);
  }

  private static boolean hasPlugin(TomlTable toml, int version) {
    return toml.get(List.of("plugins", IMAGES)) != null
        || (version < 3 && CRI.stream().anyMatch(cri -> toml.get(List.of("plugins", cri)) != null));
  }

  /** The settings of one file, under the names that they have from version 3 on. */
  private static Map<String, Object> settings(TomlTable toml, int version) {
    Map<String, Object> found = new HashMap<>();
    for (String setting : SETTINGS) {
      List<String> path = List.of(setting.split("\\.", -1));
      if (version < 3) {
        for (String cri : CRI) {
          List<String> old = new ArrayList<>(List.of("plugins", cri));
          if (setting.equals(DISCARD)) {
            old.add("containerd");
          }
          old.addAll(path);
          put(found, setting, toml.get(old));
        }
      }
      List<String> now = new ArrayList<>(List.of("plugins", IMAGES));
      now.addAll(path);
      put(found, setting, toml.get(now));
    }
    return found;
  }

  private static void put(Map<String, Object> found, String setting, Object value) {
    boolean isSet = value instanceof TomlTable table ? !table.isEmpty() : value != null;
    if (isSet) {
      found.put(setting, value instanceof TomlTable ? "set" : value);
    }
  }

  /** Imports are relative to the file that names them; those with {@code *} are globs. */
  private static List<Path> imports(Path file, Path main, TomlTable toml)
      throws UnreadableConfigException {
    if (!(toml.get(List.of("imports")) instanceof TomlArray imports)) {
      return List.of();
    }
    List<Path> found = new ArrayList<>();
    for (Object one : imports.toList()) {
      Path path = file.resolveSibling(String.valueOf(one)).normalize();
      if (path.toString().indexOf('*') < 0) {
        found.add(path);
      } else {
        found.addAll(glob(path, main));
      }
    }
    return found;
  }

  private static List<Path> glob(Path pattern, Path main) throws UnreadableConfigException {
    List<Path> matches = List.of(pattern.getRoot());
    for (Path segment : pattern) {
      List<Path> next = new ArrayList<>();
      for (Path parent : matches) {
        if (segment.toString().indexOf('*') < 0) {
          checkVisible(parent.resolve(segment), main);
          next.add(parent.resolve(segment));
        } else if (Files.isDirectory(parent)) {
          next.addAll(children(parent, segment.toString()));
        }
      }
      matches = next;
    }
    return matches.stream().filter(Files::exists).toList();
  }

  /**
   * A directory of drop-ins that is not there is none, where the directory of the configuration
   * itself is the node's; elsewhere it may only not be mounted here.
   */
  private static void checkVisible(Path directory, Path main) throws UnreadableConfigException {
    if (!Files.exists(directory) && !directory.startsWith(main.getParent())) {
      throw new UnreadableConfigException(
          directory + ", which it imports, cannot be seen from here");
    }
  }

  private static List<Path> children(Path parent, String pattern) throws UnreadableConfigException {
    List<Path> children = new ArrayList<>();
    // Braces are no pattern in Go's globs.
    String escaped = pattern.replace("{", "\\{").replace("}", "\\}");
    try (DirectoryStream<Path> found = Files.newDirectoryStream(parent, escaped)) {
      found.forEach(children::add);
    } catch (IOException e) {
      throw new UnreadableConfigException(parent + " cannot be read from here");
    }
    return children.stream().sorted().toList();
  }

  /** Whether it depends on containerd's release what a setting is. */
  boolean isAmbiguous(String setting) {
    return version < 3 && !get(setting).equals(Optional.ofNullable(replaced.get(setting)));
  }

  private Optional<Object> get(String setting) {
    return Optional.ofNullable(merged.get(setting));
  }

  Optional<String> text(String setting) {
    return get(setting).map(String::valueOf).filter(text -> !text.isEmpty());
  }

  boolean is(String setting) {
    return get(setting).equals(Optional.of(true));
  }

  boolean has(String setting) {
    return get(setting).isPresent();
  }
}
