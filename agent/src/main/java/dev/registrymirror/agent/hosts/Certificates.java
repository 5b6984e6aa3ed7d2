package dev.registrymirror.agent.hosts;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Docker's certificate files, which containerd takes for upstream only while a folder has no
 * hosts.toml ({@code loadCertFiles}): once it has one, that has to name them.
 */
final class Certificates {

  private Certificates() {}

  /**
   * The keys of hosts.toml that stand for the certificate files of a folder: {@code *.crt} for
   * authorities, {@code *.cert} and {@code *.key} for the client; none where there are no files.
   */
  static Map<String, Object> of(Path folder) throws IOException {
    List<String> names =
        Disk.list(folder).stream()
            .filter(path -> !Disk.isDirectory(path))
            .map(path -> path.getFileName().toString())
            .toList();
    List<String> authorities = names.stream().filter(name -> name.endsWith(".crt")).toList();
    List<List<String>> pairs = new ArrayList<>();
    for (String name : names) {
      if (name.endsWith(".cert")) {
        String key = name.substring(0, name.length() - ".cert".length()) + ".key";
        // Without a key file the certificate's own file has the key.
        pairs.add(List.of(name, names.contains(key) ? key : name));
      }
    }
    Map<String, Object> keys = new LinkedHashMap<>();
    if (!authorities.isEmpty()) {
      keys.put("ca", authorities);
    }
    if (!pairs.isEmpty()) {
      keys.put("client", pairs);
    }
    return keys;
  }

  /**
   * The file with its relative paths of certificates, which are relative to its folder, as seen
   * from a folder beside it.
   */
  static HostsFile seenFromBeside(HostsFile file, String folder) {
    Map<String, Map<String, Object>> hosts = new LinkedHashMap<>();
    file.hosts().forEach((url, keys) -> hosts.put(url, seenFromBeside(keys, folder)));
    return new HostsFile(file.header(), seenFromBeside(file.root(), folder), hosts);
  }

  private static Map<String, Object> seenFromBeside(Map<String, Object> keys, String folder) {
    Map<String, Object> moved = new LinkedHashMap<>(keys);
    moved.computeIfPresent("ca", (key, value) -> moved(value, folder));
    moved.computeIfPresent("client", (key, value) -> moved(value, folder));
    return moved;
  }

  private static Object moved(Object value, String folder) {
    return switch (value) {
      case String path when !path.startsWith("/") -> "../" + folder + "/" + path;
      case List<?> list -> list.stream().map(one -> moved(one, folder)).toList();
      default -> value;
    };
  }
}
