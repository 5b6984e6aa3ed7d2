package dev.registrymirror.agent.doctor;

import static dev.registrymirror.agent.doctor.ContainerdConfig.AUTHS;
import static dev.registrymirror.agent.doctor.ContainerdConfig.CONFIGS;
import static dev.registrymirror.agent.doctor.ContainerdConfig.CONFIG_PATH;
import static dev.registrymirror.agent.doctor.ContainerdConfig.DISCARD;
import static dev.registrymirror.agent.doctor.ContainerdConfig.LOCAL_PULL;
import static dev.registrymirror.agent.doctor.ContainerdConfig.MIRRORS;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What in containerd's configuration keeps it from asking the mirror, or from having what to share.
 */
final class ConfigChecks {

  private static final String PATH_CHECK = "config_path";
  private static final String DISCARD_CHECK = "discard_unpacked_layers";

  private final Path file;
  private final Path hostsDir;

  ConfigChecks(Path file, Path hostsDir) {
    this.file = file;
    this.hostsDir = hostsDir.toAbsolutePath().normalize();
  }

  List<Finding> examine() {
    ContainerdConfig config;
    try {
      config = ContainerdConfig.read(file);
    } catch (UnreadableConfigException e) {
      String mend = "name containerd's configuration with --containerd-config, with its imports";
      return List.of(
          Finding.unknown(PATH_CHECK, e.getMessage(), mend),
          Finding.unknown(DISCARD_CHECK, e.getMessage(), mend));
    }
    return List.of(configPath(config), discard(config));
  }

  private Finding configPath(ContainerdConfig config) {
    if (Stream.of(CONFIG_PATH, MIRRORS, LOCAL_PULL).anyMatch(config::isAmbiguous)) {
      return Finding.unknown(
          PATH_CHECK,
          file + " and its imports give another value on containerd 1.x than on 2.x",
          "set config_path = \"" + hostsDir + "\" in the import that is read last");
    }
    String set = "set config_path = \"" + hostsDir + "\" in " + file + " and restart containerd";
    if (config.has(MIRRORS)) {
      return Finding.problem(
          PATH_CHECK,
          "the deprecated registry.mirrors is set, so that no hosts directory is read",
          "remove registry.mirrors, " + set);
    }
    if (config.text(CONFIG_PATH).isEmpty()) {
      return pathNotSet(config, set);
    }
    String value = config.text(CONFIG_PATH).orElseThrow();
    List<String> paths = List.of(value.split(":", -1));
    if (paths.stream().noneMatch(path -> Path.of(path).normalize().equals(hostsDir))) {
      return Finding.problem(
          PATH_CHECK,
          "containerd reads " + value + ", not " + hostsDir,
          "name containerd's directory with --hosts-dir, or " + set);
    }
    if (paths.size() == 1 || pullsItself(config)) {
      return Finding.ok(PATH_CHECK, value);
    }
    String detail =
        value + ": the transfer service, which pulls from 2.1 on, takes it for one path";
    return config.version() < 3
        ? Finding.unknown(PATH_CHECK, detail, set)
        : Finding.problem(PATH_CHECK, detail, set);
  }

  /** Until 2.1 no default; from 2.2 on two paths, which the transfer service takes for one. */
  private static Finding pathNotSet(ContainerdConfig config, String set) {
    if (pullsItself(config)) {
      return Finding.unknown(
          PATH_CHECK, "not set: containerd has a default for it only from 2.2 on", set);
    }
    return Finding.problem(PATH_CHECK, "not set, so that mirrors are not asked", set);
  }

  /** Whether containerd 2.x pulls without its transfer service. */
  private static boolean pullsItself(ContainerdConfig config) {
    return config.is(LOCAL_PULL) || config.has(CONFIGS) || config.has(AUTHS);
  }

  private Finding discard(ContainerdConfig config) {
    if (config.isAmbiguous(DISCARD)) {
      return Finding.unknown(
          DISCARD_CHECK,
          file + " and its imports give another value on containerd 1.x than on 2.x",
          "set it to false in the import that is read last");
    }
    return config.is(DISCARD)
        ? Finding.problem(
            DISCARD_CHECK,
            "true: layers are gone once they are unpacked, so there is nothing to share",
            "set it to false and restart containerd; images pulled before have to be pulled again")
        : Finding.ok(DISCARD_CHECK, "false");
  }
}
