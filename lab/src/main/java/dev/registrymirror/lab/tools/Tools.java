package dev.registrymirror.lab.tools;

import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.LabException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The programs that a lab runs, installed or built where they are missing, each said before it is
 * done.
 *
 * <p>From Debian: what {@link #DEBIAN} lists, with {@code apt-get}; nothing is upgraded, nothing is
 * started. From Go modules: the other containerds, into a cache that all suites share.
 */
public final class Tools {

  /** Command and the Debian package that has it. */
  private static final Map<String, String> DEBIAN =
      new TreeMap<>(
          Map.of(
              "containerd", "containerd",
              "ctr", "containerd",
              "runc", "runc",
              "docker-registry", "docker-registry",
              "ip", "iproute2",
              "tc", "iproute2",
              "nft", "nftables",
              "nsenter", "util-linux",
              "kill", "procps"));

  private static final Pattern VERSION = Pattern.compile("\\s~?v?(\\d+\\.\\d+\\.\\d+)");

  private final ToolCache cache;

  private Tools(ToolCache cache) {
    this.cache = cache;
  }

  /**
   * What stands in the way of a lab on this machine, in words; empty where nothing does.
   *
   * @return for example {@code needs root}
   */
  public static String obstacle() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return "needs Linux: network namespaces";
    }
    if (!"root".equals(System.getProperty("user.name"))) {
      return "needs root: network namespaces, containerd";
    }
    List<String> packages = missingPackages();
    if (!packages.isEmpty() && Command.find("apt-get").isEmpty()) {
      return "needs " + String.join(", ", packages) + ", and there is no apt-get to install them";
    }
    return "";
  }

  /**
   * The tools, with what is missing from Debian installed.
   *
   * @throws ToolMissing where {@link #obstacle()} is not empty
   */
  public static Tools prepare() {
    String obstacle = obstacle();
    if (!obstacle.isEmpty()) {
      throw new ToolMissing("the lab " + obstacle);
    }
    ToolCache cache = ToolCache.atDefault();
    if (!missingPackages().isEmpty()) {
      cache.locked(() -> Apt.install(missingPackages()));
    }
    List<String> still = missingPackages();
    if (!still.isEmpty()) {
      throw new ToolMissing(
          "installed, and still without a command of " + String.join(", ", still));
    }
    return new Tools(cache);
  }

  private static List<String> missingPackages() {
    return DEBIAN.entrySet().stream()
        .filter(entry -> Command.find(entry.getKey()).isEmpty())
        .map(Map.Entry::getValue)
        .distinct()
        .toList();
  }

  /** The containerds that can be had here: all, or Debian's alone where there is no Go. */
  public List<Containerd> containerds() {
    List<Containerd> available = new ArrayList<>();
    for (Containerd containerd : Containerd.values()) {
      if (reasonAgainst(containerd).isEmpty()) {
        available.add(containerd);
      }
    }
    return available;
  }

  private String reasonAgainst(Containerd containerd) {
    if (containerd == Containerd.V16) {
      String installed = installedContainerd();
      return installed.startsWith(containerd.release() + ".")
          ? ""
          : containerd + " is Debian 12's; here containerd " + installed + " is installed";
    }
    if (cache.has(directory(containerd)) || GoBuild.isPossible()) {
      return "";
    }
    return containerd + " is built with Go, and there is no go command here";
  }

  /**
   * The directory of {@code containerd}, {@code ctr} and the shim of that release; built if need
   * be, which takes a minute or two.
   *
   * @throws ToolMissing where it cannot be had here
   */
  public Path containerd(Containerd containerd) {
    String reason = reasonAgainst(containerd);
    if (!reason.isEmpty()) {
      throw new ToolMissing(reason);
    }
    return containerd == Containerd.V16
        ? find("containerd").getParent()
        : cache.get(directory(containerd), target -> GoBuild.containerd(containerd, target));
  }

  /** An executable of this machine. */
  public Path find(String command) {
    return Command.find(command)
        .orElseThrow(() -> new ToolMissing("no command " + command + " on this machine"));
  }

  private static String directory(Containerd containerd) {
    return "containerd-" + containerd.release();
  }

  private String installedContainerd() {
    String says = Command.run(find("containerd").toString(), "--version");
    Matcher matcher = VERSION.matcher(says);
    if (!matcher.find()) {
      throw new LabException("containerd --version says no version: " + says);
    }
    return matcher.group(1);
  }
}
