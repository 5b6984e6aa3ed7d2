package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.crd.HostsOnDelete;
import dev.registrymirror.operator.crd.MirrorStatus;
import dev.registrymirror.operator.crd.PlatformName;
import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.AgentPod;
import dev.registrymirror.operator.nodes.NodeFacts;
import dev.registrymirror.operator.resources.AgentDaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The end of a RegistryMirror, step by step: the DaemonSet becomes one that restores each node's
 * hosts files; when every node that is there is restored, or the time for it is over, it goes, and
 * when its pods are gone, so may the RegistryMirror. Until then nothing serves any more, nor puts
 * entries back.
 */
final class Removal {

  /** Between two looks; most is told by events. */
  private static final Duration AGAIN = Duration.ofSeconds(2);

  private final Observed observed;
  private final RegistryMirror mirror;
  private final Context<RegistryMirror> context;
  private final Instant now;
  private final ConditionEvents events;

  Removal(Observed observed, Context<RegistryMirror> context, Instant now, ConditionEvents events) {
    this.observed = observed;
    this.mirror = observed.mirror();
    this.context = context;
    this.now = now;
    this.events = events;
  }

  /**
   * Does what can be done now.
   *
   * @return when to go on; empty where all is done
   */
  Optional<Duration> step(String agentImage) {
    boolean restores =
        mirror.getSpec().onDelete().hosts() == HostsOnDelete.Restore
            && isDeployed()
            && canRestore();
    if (!restores) {
      return end();
    }
    Set<String> restored =
        observed.pods().stream()
            .filter(pod -> pod.cleaning() && pod.ready())
            .map(AgentPod::node)
            .collect(Collectors.toSet());
    List<String> waiting =
        observed.nodes().stream()
            .filter(NodeFacts::ready)
            .map(NodeFacts::name)
            .filter(node -> !restored.contains(node))
            .sorted()
            .toList();
    boolean isOver = !now.isBefore(deadline());
    boolean isCleaning = observed.daemonSet().filter(Removal::isCleaning).isPresent();
    if (waiting.isEmpty() && isCleaning) {
      tellOfThoseThatAreGone();
      remember();
      return end();
    }
    if (isOver) {
      events.warn(
          mirror,
          "HostsNotRestored",
          "not restored within %s: %s. containerd passes over a mirror that is no more; to restore a node run mirror-agent cleanup on it"
              .formatted(mirror.getSpec().onDelete().timeout(), String.join(", ", waiting)),
          context.getClient());
      remember();
      return end();
    }
    Optional<DaemonSet> leaving =
        observed.daemonSet().filter(found -> found.getMetadata().getDeletionTimestamp() != null);
    if (leaving.isEmpty()) {
      new Applier(context.getClient())
          .apply(
              AgentDaemonSet.cleaning(mirror, observed.paths(), observed.excluded(), agentImage));
    }
    return Optional.of(AGAIN);
  }

  private static boolean isCleaning(DaemonSet daemonSet) {
    return AgentPod.CLEANING.equals(
        daemonSet.getSpec().getTemplate().getMetadata().getLabels().get(AgentPod.MODE));
  }

  private boolean isDeployed() {
    return Optional.ofNullable(mirror.getStatus()).map(MirrorStatus::deployed).orElse(false);
  }

  private boolean canRestore() {
    return mirror.getSpec().platform() == PlatformName.Custom || observed.platforms().size() == 1;
  }

  /** There is nothing left to restore: when the DaemonSet has gone, it is not to come again. */
  private void remember() {
    RegistryMirrorReconciler.patchStatus(mirror, mirror.getStatus().restored(), context);
  }

  private void tellOfThoseThatAreGone() {
    List<String> gone =
        observed.nodes().stream()
            .filter(node -> !node.ready())
            .map(NodeFacts::name)
            .sorted()
            .toList();
    if (!gone.isEmpty()) {
      events.warn(
          mirror,
          "HostsNotRestored",
          "not restored, as their nodes are not ready: %s. containerd passes over a mirror that is no more"
              .formatted(String.join(", ", gone)),
          context.getClient());
    }
  }

  private Instant deadline() {
    Instant deleted = Instant.parse(mirror.getMetadata().getDeletionTimestamp());
    return deleted.plus(Durations.parse(mirror.getSpec().onDelete().timeout()));
  }

  /** The DaemonSet goes, and is waited for: pods that still end would outlive what they serve. */
  private Optional<Duration> end() {
    Optional<DaemonSet> ours = observed.daemonSet().filter(found -> Obstacle.isOurs(found, mirror));
    if (ours.filter(found -> found.getMetadata().getDeletionTimestamp() == null).isPresent()) {
      try {
        context.getClient().resource(ours.get()).delete();
      } catch (KubernetesClientException e) {
        if (e.getCode() != 404) {
          throw e;
        }
      }
    }
    return ours.isEmpty() ? Optional.empty() : Optional.of(AGAIN);
  }
}
