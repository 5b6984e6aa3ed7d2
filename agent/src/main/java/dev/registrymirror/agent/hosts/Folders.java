package dev.registrymirror.agent.hosts;

import dev.registrymirror.agent.oci.Repository;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The folders of a hosts directory: one a registry. containerd takes the first that is there of
 * {@code host_port_}, {@code host:port} and {@code _default} ({@code hostPaths} in its
 * core/remotes/docker/config), and looks no further, be it empty.
 */
final class Folders {

  private static final String FILE = "hosts.toml";

  /** {@code host_port_}, for file systems that allow no colon. */
  private static final Pattern WITHOUT_COLON = Pattern.compile("(.+)_([0-9]{1,5})_");

  private final Path hostsDir;

  Folders(Path hostsDir) {
    this.hostsDir = hostsDir;
  }

  /** The hosts.toml of a folder. */
  Path file(String folder) {
    return hostsDir.resolve(folder).resolve(FILE);
  }

  /** The folder that containerd takes for a registry, or would take if it were there. */
  String of(String registry) {
    String withoutColon = withoutColon(registry);
    return Disk.isThere(hostsDir.resolve(withoutColon)) ? withoutColon : registry;
  }

  private static String withoutColon(String registry) {
    int colon = registry.lastIndexOf(':');
    return colon > 0
        ? registry.substring(0, colon) + "_" + registry.substring(colon + 1) + "_"
        : registry;
  }

  /** The registry of a folder, or empty where the folder is none of a registry's. */
  static Optional<String> registry(String folder) {
    if (folder.equals(Merge.DEFAULT)) {
      return Optional.of(folder);
    }
    Matcher matcher = WITHOUT_COLON.matcher(folder);
    String registry = matcher.matches() ? matcher.group(1) + ":" + matcher.group(2) : folder;
    return Repository.isRegistry(registry) ? Optional.of(registry) : Optional.empty();
  }

  /** The registries that have a folder, {@code _default} not among them. */
  List<String> registries() throws IOException {
    List<String> registries = new ArrayList<>();
    for (Path entry : Disk.list(hostsDir)) {
      String folder = entry.getFileName().toString();
      if (!Disk.isFile(entry) && !folder.equals(Merge.DEFAULT)) {
        registry(folder).ifPresent(registries::add);
      }
    }
    return registries.stream().distinct().toList();
  }
}
