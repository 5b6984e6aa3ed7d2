package dev.registrymirror.lab.tools;

import dev.registrymirror.lab.machine.Command;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The programs that a lab runs. What is missing is had first, and that is said before it is done:
 *
 * <ul>
 *   <li>small commands ({@link #COMMANDS}) are installed from Debian;
 *   <li>Debian's containerd, docker-registry and nginx are unpacked into a cache, not installed, so
 *       that no service of theirs starts and what the machine has is not replaced;
 *   <li>the other containerds are built from Go modules into the same cache.
 * </ul>
 *
 * <p>The cache is shared by all suites and working copies: {@code REGISTRY_MIRROR_TOOLS}, else
 * {@code registry-mirror/tools} in {@code XDG_CACHE_HOME} or {@code ~/.cache}.
 */
public final class Tools {

  /** Command, and the Debian package that has it. */
  private static final Map<String, String> COMMANDS =
      new TreeMap<>(
          Map.of(
              "ip", "iproute2",
              "tc", "iproute2",
              "nft", "nftables",
              "nsenter", "util-linux",
              "unshare", "util-linux",
              "curl", "curl",
              "openssl", "openssl",
              "kill", "procps"));

  private static final String REGISTRY = "docker-registry";

  // As in its own go.mod: gone from its host, and needed by nobody.
  private static final String EXCLUDED_BY_17 =
      "exclude github.com/mitchellh/osext v0.0.0-20151018003038-5e2d6d41470f\n";

  private final ToolCache cache;

  private Tools(ToolCache cache) {
    this.cache = cache;
  }

  /**
   * What stands in the way of a lab on this machine, in words; empty where nothing does.
   *
   * @return for example {@code needs root: network namespaces, containerd}
   */
  public static String obstacle() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return "needs Linux: network namespaces";
    }
    if (!System.getProperty("user.name").equals("root")) {
      return "needs root: network namespaces, containerd";
    }
    List<String> missing =
        Stream.concat(COMMANDS.keySet().stream(), Stream.of(REGISTRY))
            .filter(command -> Command.find(command).isEmpty())
            .toList();
    if (!missing.isEmpty() && !Debian.isHere()) {
      return "needs " + String.join(", ", missing) + ", and has no apt-get to get them with";
    }
    return "";
  }

  /**
   * The tools, with the commands that are missing installed.
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
      cache.locked(Tools::installMissing);
    }
    return new Tools(cache);
  }

  // Asked again under the lock: another process may have installed them meanwhile.
  private static void installMissing() {
    List<String> packages = missingPackages();
    if (!packages.isEmpty()) {
      Debian.install(packages);
    }
  }

  private static List<String> missingPackages() {
    return COMMANDS.entrySet().stream()
        .filter(entry -> Command.find(entry.getKey()).isEmpty())
        .map(Map.Entry::getValue)
        .distinct()
        .toList();
  }

  /** The registry's executable: the machine's own, else Debian's. */
  public Path registry() {
    return Command.find(REGISTRY).orElseGet(() -> debian(REGISTRY).resolve(REGISTRY));
  }

  /** nginx, to compare with: the machine's own, else Debian's. */
  public Path nginx() {
    return Command.find("nginx").orElseGet(() -> unpacked("nginx").resolve("usr/sbin/nginx"));
  }

  /** The directory of {@code prometheus} and {@code promtool}: Debian's. */
  public Path prometheus() {
    return unpacked("prometheus").resolve("usr/bin");
  }

  /** runc: the machine's own, else Debian's. */
  public Path runc() {
    return Command.find("runc").orElseGet(() -> unpacked("runc").resolve("usr/sbin/runc"));
  }

  /** busybox without libraries, for images: Debian's. */
  public Path busybox() {
    return unpacked("busybox-static").resolve("bin/busybox");
  }

  /** skopeo: the machine's own, else Debian's, installed, for it needs libraries. */
  public Path skopeo() {
    if (Command.find("skopeo").isEmpty()) {
      cache.locked(() -> Debian.install(List.of("skopeo")));
    }
    return Command.find("skopeo").orElseThrow();
  }

  /** The containerds that can be had here, oldest first: without Go, Debian's alone. */
  public List<Containerd> containerds() {
    return Stream.of(Containerd.values())
        .filter(containerd -> reasonAgainst(containerd).isEmpty())
        .toList();
  }

  /**
   * The directory of {@code containerd}, {@code ctr} and the shim of that release; built if need
   * be, which takes a minute or two.
   *
   * @throws ToolMissing where it cannot be had here
   */
  public Path containerd(Containerd containerd) {
    Optional<String> reason = reasonAgainst(containerd);
    if (reason.isPresent()) {
      throw new ToolMissing(reason.get());
    }
    return containerd == Containerd.V16
        ? installed(containerd).orElseGet(() -> debian("containerd"))
        : cache.get(build(containerd).entry(), build(containerd)::into);
  }

  private Optional<String> reasonAgainst(Containerd containerd) {
    if (containerd != Containerd.V16) {
      return cache.has(build(containerd).entry()) || GoBuild.isPossible()
          ? Optional.empty()
          : Optional.of(containerd + " is built with Go, and there is no go command here");
    }
    if (installed(containerd).isPresent() || (Debian.isHere() && isDebians(containerd))) {
      return Optional.empty();
    }
    return Optional.of(containerd + " is Debian 12's, and this machine's apt does not have it");
  }

  private static Optional<Path> installed(Containerd containerd) {
    return Command.find("containerd")
        .filter(
            path ->
                Command.run(path.toString(), "--version")
                    .contains(" " + containerd.release() + "."))
        .map(Path::getParent);
  }

  private static boolean isDebians(Containerd containerd) {
    return Debian.version("containerd").startsWith(containerd.release() + ".");
  }

  private static GoBuild build(Containerd containerd) {
    String release = containerd.release();
    boolean isV2 = containerd == Containerd.V24;
    String module = "github.com/containerd/containerd" + (isV2 ? "/v2" : "");
    return new GoBuild(
        containerd.toString(),
        "require " + module + " v" + release + "\n" + (isV2 ? "" : EXCLUDED_BY_17),
        Stream.of("containerd", "ctr", "containerd-shim-runc-v2")
            .map(command -> module + "/cmd/" + command)
            .toList(),
        "");
  }

  private Path debian(String name) {
    return unpacked(name).resolve("usr/bin");
  }

  private Path unpacked(String name) {
    return cache.get("debian-" + name, target -> Debian.unpack(name, target));
  }
}
