package dev.registrymirror.e2e.flux;

import dev.registrymirror.e2e.HostsFiles;
import dev.registrymirror.e2e.Installation;
import dev.registrymirror.lab.cluster.Cluster;
import dev.registrymirror.lab.cluster.ClusterNodeOptions;
import dev.registrymirror.lab.cluster.ClusterOptions;
import dev.registrymirror.lab.cluster.NodeLayout;
import dev.registrymirror.lab.flux.Flux;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.KubernetesTools;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * One of the bundle's clusters in the lab: real nodes of its layout, real Flux, and this repository
 * as the user's, in which only what is marked CHANGE is changed; and its network, a Kustomization
 * {@code cilium} of its own with a stand-in.
 *
 * @param name in the bundle
 */
record Delivered(String name, NodeLayout layout, Cluster cluster, Flux flux)
    implements AutoCloseable {

  static final String NAMESPACE = "kube-system";
  static final String MIRROR = "spegel";

  private static final Duration BOUND = Duration.ofMinutes(4);
  private static final String VERSION = "0.1.0-SNAPSHOT";
  private static final String CHARTS = "/registry-mirror/charts";
  private static final String NETWORK = "network/cilium.yaml";

  static Delivered to(String name, NodeLayout layout) {
    ClusterNodeOptions node = ClusterNodeOptions.of(layout);
    Cluster cluster = Cluster.create(ClusterOptions.nodes(node, node));
    try {
      for (String image : List.of("operator", "agent")) {
        cluster.push(Installation.archive(image), "registry-mirror/" + image + ":" + VERSION);
      }
      pushChart(cluster);
      Flux flux = Flux.start(cluster, Path.of("..").toAbsolutePath().normalize());
      Delivered delivered = new Delivered(name, layout, cluster, flux);
      delivered.change();
      // Source-controller is beside the nodes, and knows the lab's registry by its address alone.
      flux.commit(
          "kubernetes/bases/spegel/ocirepository.yaml",
          text ->
              text.replaceFirst(
                  "  url: .*",
                  "  insecure: true\n  url: oci://%s%s/registry-mirror"
                      .formatted(cluster.upstream().address().getAuthority(), CHARTS)));
      flux.commit(NETWORK, nothing -> STAND_IN);
      return delivered;
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  private void change() {
    set("SPEGEL_SOURCE", "registry.lab/registry-mirror");
    set("SPEGEL_REGISTRIES", "\"[registry.lab]\"");
  }

  private static void pushChart(Cluster cluster) {
    Path directory = cluster.directory();
    helm(directory, "package", Installation.chart(), "--destination", directory.toString());
    String archive = directory.resolve("registry-mirror-" + VERSION + ".tgz").toString();
    String registry = "oci://" + cluster.upstream().pushAddress().getAuthority();
    helm(directory, "push", "--plain-http", archive, registry + CHARTS);
  }

  private static void helm(Path home, String... arguments) {
    Command.run(
        Duration.ofMinutes(1),
        "",
        Map.of("HOME", home.toString(), "NO_PROXY", "*"),
        home,
        Stream.concat(Stream.of(KubernetesTools.prepare().helm().toString()), Stream.of(arguments))
            .toList());
  }

  private static final String STAND_IN =
      """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: cilium-config, namespace: kube-system}
      """;

  /**
   * What the cluster's own team has: nothing of it is the bundle's.
   *
   * @param suspended it is on its way, and not Ready
   */
  void bringNetwork(boolean suspended) {
    cluster.apply(
        """
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: network, namespace: flux-system}
        spec: {interval: 1h, url: "%s", ref: {branch: main}}
        ---
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: cilium, namespace: flux-system}
        spec:
          interval: 1h
          prune: true
          path: ./network
          sourceRef: {kind: GitRepository, name: network}
          suspend: %s
        """
            .formatted(flux.repository(), suspended));
  }

  /** Whether the network still is what its own team brought. */
  boolean networkIsUntouched() {
    return field("flux-system", "ks/cilium", "{.spec.path}").equals("./network")
        && ready("cilium").equals("True")
        && !cluster
            .kubectl("-n", NAMESPACE, "get", "configmap", "cilium-config", "-o", "name")
            .isEmpty();
  }

  /** Commits another value of one of the cluster's settings. */
  void set(String setting, String value) {
    flux.commit(
        "kubernetes/clusters/" + name + "/spegel.yaml",
        text -> text.replaceFirst("(?m)^  " + setting + ": .*$", "  " + setting + ": " + value));
  }

  void commit(String file, UnaryOperator<String> text) {
    flux.commit(file, text);
  }

  /** What a person does who does not want to wait for an hour. */
  void reconcile() {
    flux.flux("reconcile", "source", "git", "registry-mirror");
  }

  /** The same for a Kustomization; does not wait for what comes of it. */
  void request(String kustomization) {
    cluster.kubectl(
        "-n",
        Flux.NAMESPACE,
        "annotate",
        "--overwrite",
        "ks/" + kustomization,
        "reconcile.fluxcd.io/requestedAt=" + Instant.now());
  }

  /** The status of a Flux Kustomization's condition Ready; empty where there is none. */
  String ready(String kustomization) {
    return condition(kustomization, "status");
  }

  /** Why it is so. */
  String message(String kustomization) {
    return condition(kustomization, "message");
  }

  private String condition(String kustomization, String part) {
    return field(
        Flux.NAMESPACE,
        "ks/" + kustomization,
        "{.status.conditions[?(@.type=='Ready')]." + part + "}");
  }

  /** A field of the RegistryMirror. */
  String mirror(String jsonPath) {
    return field(NAMESPACE, "rmirror/" + MIRROR, jsonPath);
  }

  /** A field of the agents' DaemonSet. */
  String daemonSet(String jsonPath) {
    return field(NAMESPACE, "ds/" + MIRROR, jsonPath);
  }

  /** Empty where there is no such object, nor its kind. */
  String field(String namespace, String object, String jsonPath) {
    try {
      return cluster.kubectl(
          "-n", namespace, "get", object, "--ignore-not-found", "-o", "jsonpath=" + jsonPath);
    } catch (LabException noSuchKind) {
      return "";
    }
  }

  void await(String what, BooleanSupplier condition) {
    try {
      Await.until(what, BOUND, condition);
    } catch (LabException e) {
      throw new AssertionError(e.getMessage() + "\n" + state(), e);
    }
  }

  void awaitReady(String kustomization) {
    await("ks " + kustomization + " is Ready", () -> ready(kustomization).equals("True"));
  }

  /** All nodes' agents are ready, and are of the newest spec. */
  boolean isServed() {
    String nodes = Integer.toString(cluster.nodes().size());
    return mirror("{.status.conditions[?(@.type=='Ready')].status}").equals("True")
        && daemonSet("{.status.updatedNumberScheduled} {.status.numberReady}")
            .equals(nodes + " " + nodes);
  }

  /** Nothing of the mirror is in the cluster any more, nor on its way out. */
  boolean isGone() {
    return mirror("{.metadata.name}").isEmpty()
        && daemonSet("{.metadata.name}").isEmpty()
        && field(NAMESPACE, "deploy/registry-mirror-operator", "{.metadata.name}").isEmpty()
        && field(NAMESPACE, "helmrelease/registry-mirror", "{.metadata.name}").isEmpty()
        && field(Flux.NAMESPACE, "ks/spegel", "{.metadata.name}").isEmpty()
        && field(Flux.NAMESPACE, "ks/spegel-operator", "{.metadata.name}").isEmpty();
  }

  Map<String, String> hosts() {
    return HostsFiles.of(cluster, layout.hostsDirectory());
  }

  /** What a person would look at where something is wrong. */
  String state() {
    return flux.flux("get", "all", "-A")
        + cluster.kubectl("-n", NAMESPACE, "get", "pods,ds,deploy,jobs", "-o", "wide")
        + cluster.kubectl("-n", NAMESPACE, "get", "events", "--sort-by=.lastTimestamp");
  }

  @Override
  public void close() {
    flux.close();
    cluster.close();
  }
}
