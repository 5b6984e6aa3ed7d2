package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.crd.PlatformName;
import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.AgentPod;
import dev.registrymirror.operator.nodes.AgentReport;
import dev.registrymirror.operator.nodes.ContainerdPaths;
import dev.registrymirror.operator.nodes.NodeFacts;
import dev.registrymirror.operator.nodes.Platform;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What there is, as far as a RegistryMirror is concerned: looked at once, then judged and acted on.
 *
 * @param selected the nodes that it asks for
 * @param rivals older RegistryMirrors that ask for some of the same nodes
 * @param daemonSet the one of its name, whoever's it is
 * @param reports what agents say, by node; not of those that do not answer
 * @param serviceMonitors whether the cluster knows ServiceMonitor
 */
record Observed(
    RegistryMirror mirror,
    List<NodeFacts> selected,
    List<RegistryMirror> rivals,
    Optional<DaemonSet> daemonSet,
    List<AgentPod> pods,
    Map<String, AgentReport> reports,
    boolean serviceMonitors) {

  /** The nodes where agents can work. */
  List<NodeFacts> nodes() {
    return selected.stream().filter(node -> Platform.of(node).isSupported()).toList();
  }

  /** The nodes where they cannot. */
  List<NodeFacts> unsupported() {
    return selected.stream().filter(node -> !Platform.of(node).isSupported()).toList();
  }

  /** The names of those. */
  List<String> excluded() {
    return unsupported().stream().map(NodeFacts::name).toList();
  }

  /** Agents that are ready and have not said how they are. */
  List<AgentPod> silent() {
    return pods.stream().filter(pod -> pod.ready() && !reports.containsKey(pod.node())).toList();
  }

  /**
   * The platforms whose paths are to be used, each once: one, or none where the user gives them.
   */
  List<Platform> platforms() {
    PlatformName wanted = mirror.getSpec().platform();
    return switch (wanted) {
      case Auto -> nodes().stream().map(Platform::of).distinct().sorted().toList();
      case Custom -> List.of();
      default -> List.of(Platform.named(wanted));
    };
  }

  /** Where containerd's things are on the nodes; only where there is one platform. */
  ContainerdPaths paths() {
    ContainerdPaths platforms =
        mirror.getSpec().platform() == PlatformName.Custom
            ? ContainerdPaths.NONE
            : platforms().getFirst().paths();
    return platforms.with(mirror.getSpec().containerd());
  }
}
