package dev.registrymirror.lab.tools;

import dev.registrymirror.lab.machine.Command;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Kubernetes' programs and what they need, each had when it is first asked for and kept in the same
 * cache as {@link Tools}'. Where {@code KUBEBUILDER_ASSETS} names a directory, etcd, kube-apiserver
 * and kubectl are those in it.
 */
public final class KubernetesTools {

  /** Of Kubernetes, without the {@code v}. */
  public static final String VERSION = "1.36.3";

  private static final String SMALL = "-s -w";

  private static final GoBuild ETCD =
      new GoBuild(
          "etcd 3.7.3",
          "require go.etcd.io/etcd/server/v3 v3.7.3\n",
          List.of("go.etcd.io/etcd/server/v3"),
          SMALL);

  private static final GoBuild CNI_PLUGINS =
      new GoBuild(
          "cni-plugins 1.9.1",
          "require github.com/containernetworking/plugins v1.9.1\n",
          Stream.of("ipam/host-local", "main/loopback", "main/ptp", "meta/portmap")
              .map(plugin -> "github.com/containernetworking/plugins/plugins/" + plugin)
              .toList(),
          SMALL);

  private static final GoBuild HELM =
      new GoBuild(
          "helm 4.3.1",
          "require helm.sh/helm/v4 v4.3.1\n",
          List.of("helm.sh/helm/v4/cmd/helm"),
          SMALL);

  private static final String ASSETS = "KUBEBUILDER_ASSETS";
  private static final List<String> OF_ASSETS = List.of("etcd", "kube-apiserver", "kubectl");

  // Kubernetes replaces its parts by folders of its own, which are not in its module.
  private static final Pattern STAGING =
      Pattern.compile("^\\s*(k8s\\.io/[a-z-]+) => \\./staging/.*$", Pattern.MULTILINE);

  private final ToolCache cache;

  private KubernetesTools(ToolCache cache) {
    this.cache = cache;
  }

  /**
   * What stands in the way of an API server on this machine, in words; empty where nothing does.
   */
  public static String obstacle() {
    if (Command.find("openssl").isEmpty()) {
      return "needs openssl";
    }
    ToolCache cache = ToolCache.atDefault();
    boolean isHere =
        assets().isPresent()
            || Stream.of(ETCD.entry(), entry("kube-apiserver"), entry("kubectl"))
                .allMatch(cache::has);
    return isHere || GoBuild.isPossible()
        ? ""
        : "needs Go, which builds Kubernetes, or " + ASSETS + " with it";
  }

  /**
   * The tools; none is had before it is asked for.
   *
   * @throws ToolMissing where {@link #obstacle()} is not empty
   */
  public static KubernetesTools prepare() {
    String obstacle = obstacle();
    if (!obstacle.isEmpty()) {
      throw new ToolMissing("Kubernetes' API server " + obstacle);
    }
    return new KubernetesTools(ToolCache.atDefault());
  }

  public Path etcd() {
    return asset("etcd").orElseGet(() -> built(ETCD).resolve("server"));
  }

  public Path apiServer() {
    return asset("kube-apiserver").orElseGet(() -> kubernetes("kube-apiserver"));
  }

  public Path kubectl() {
    return asset("kubectl").orElseGet(() -> kubernetes("kubectl"));
  }

  public Path controllerManager() {
    return kubernetes("kube-controller-manager");
  }

  public Path scheduler() {
    return kubernetes("kube-scheduler");
  }

  /**
   * kubelet of that distribution's version.
   *
   * @param suffix of the version: {@code +k3s1}, or empty for Kubernetes' own
   */
  public Path kubelet(String suffix) {
    return kubernetes("kubelet", suffix);
  }

  public Path proxy() {
    return kubernetes("kube-proxy");
  }

  /** The directory of the CNI plugins. */
  public Path cniPlugins() {
    return built(CNI_PLUGINS);
  }

  public Path helm() {
    return built(HELM).resolve("helm");
  }

  private static Optional<Path> assets() {
    return Optional.ofNullable(System.getenv(ASSETS))
        .filter(directory -> !directory.isEmpty())
        .map(Path::of);
  }

  private static Optional<Path> asset(String name) {
    assert OF_ASSETS.contains(name);
    return assets()
        .map(
            directory -> {
              Path program = directory.resolve(name);
              if (!Files.isExecutable(program)) {
                throw new ToolMissing(ASSETS + "=" + directory + " has no " + name);
              }
              return program;
            });
  }

  private Path kubernetes(String command) {
    return kubernetes(command, "");
  }

  private Path kubernetes(String command, String suffix) {
    return cached(entry(command) + suffix, () -> build(command, suffix)).resolve(command);
  }

  private static GoBuild build(String command, String suffix) {
    String replaced =
        STAGING
            .matcher(GoBuild.modFile("k8s.io/kubernetes@v" + VERSION))
            .results()
            .map(KubernetesTools::published)
            .collect(Collectors.joining());
    return new GoBuild(
        command + " " + VERSION + suffix,
        "require k8s.io/kubernetes v" + VERSION + "\n" + replaced,
        List.of("k8s.io/kubernetes/cmd/" + command),
        SMALL + " " + linkedVersion(suffix));
  }

  // k8s.io/kubernetes v1.36.3 goes with v0.36.3 of each of its parts.
  private static String published(MatchResult part) {
    String version = VERSION.replaceFirst("^1", "v0");
    return "replace %1$s => %1$s %2$s\n".formatted(part.group(1), version);
  }

  // What is built from modules knows no version, and `kubectl version` and charts ask for it.
  private static String linkedVersion(String suffix) {
    List<String> numbers = List.of(VERSION.split("\\."));
    return Stream.of("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        .flatMap(
            in ->
                Stream.of(
                        "gitVersion=v" + VERSION + suffix,
                        "gitMajor=" + numbers.get(0),
                        "gitMinor=" + numbers.get(1),
                        "gitTreeState=clean")
                    .map(variable -> "-X " + in + "." + variable))
        .collect(Collectors.joining(" "));
  }

  private Path built(GoBuild build) {
    return cached(build.entry(), () -> build);
  }

  private Path cached(String entry, Supplier<GoBuild> build) {
    if (!cache.has(entry) && !GoBuild.isPossible()) {
      throw new ToolMissing(entry + " is built with Go, and there is no go command here");
    }
    return cache.get(entry, target -> build.get().into(target));
  }

  private static String entry(String command) {
    return command + "-" + VERSION;
  }
}
