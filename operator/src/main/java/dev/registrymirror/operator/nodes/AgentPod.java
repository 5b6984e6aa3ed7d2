package dev.registrymirror.operator.nodes;

import dev.registrymirror.operator.crd.RegistryMirror;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the operator knows of an agent's pod.
 *
 * @param node where it runs; empty where it is not scheduled
 * @param ip where it is reached; empty where it has none yet
 * @param cleaning whether it is one that restores the node
 * @param obstacle why it does not run, such as an image that cannot be pulled; empty where it does
 */
public record AgentPod(String node, String ip, boolean ready, boolean cleaning, String obstacle) {

  /** A label of its pods: {@link #SERVING} or {@link #CLEANING}. */
  public static final String MODE = RegistryMirror.GROUP + "/mode";

  public static final String SERVING = "serve";
  public static final String CLEANING = "cleanup";

  /** What is known of a Pod. */
  public static AgentPod of(Pod pod) {
    return new AgentPod(
        Objects.requireNonNullElse(pod.getSpec().getNodeName(), ""),
        Objects.requireNonNullElse(pod.getStatus().getPodIP(), ""),
        pod.getMetadata().getDeletionTimestamp() == null
            && pod.getStatus().getConditions().stream()
                .anyMatch(
                    condition ->
                        condition.getType().equals("Ready")
                            && condition.getStatus().equals("True")),
        CLEANING.equals(pod.getMetadata().getLabels().get(MODE)),
        statuses(pod).flatMap(status -> obstacle(status).stream()).findFirst().orElse(""));
  }

  private static Stream<ContainerStatus> statuses(Pod pod) {
    return Stream.of(
            pod.getStatus().getInitContainerStatuses(), pod.getStatus().getContainerStatuses())
        .flatMap(List::stream);
  }

  private static Optional<String> obstacle(ContainerStatus status) {
    ContainerState state = status.getState();
    if (state == null || state.getWaiting() == null) {
      return Optional.empty();
    }
    String reason = Objects.requireNonNullElse(state.getWaiting().getReason(), "");
    boolean isOnItsWay = reason.equals("PodInitializing") || reason.equals("ContainerCreating");
    if (reason.isEmpty() || isOnItsWay) {
      return Optional.empty();
    }
    String message = Objects.requireNonNullElse(state.getWaiting().getMessage(), "");
    return Optional.of(
        reason + " of " + status.getName() + " (" + status.getImage() + "): " + message);
  }

  /** The part of a Pod that this needs; there are as many as nodes. */
  public static Pod strip(Pod pod) {
    return new PodBuilder()
        .withMetadata(
            new ObjectMetaBuilder()
                .withName(pod.getMetadata().getName())
                .withNamespace(pod.getMetadata().getNamespace())
                .withUid(pod.getMetadata().getUid())
                .withResourceVersion(pod.getMetadata().getResourceVersion())
                .withDeletionTimestamp(pod.getMetadata().getDeletionTimestamp())
                .withLabels(pod.getMetadata().getLabels())
                .build())
        .withNewSpec()
        .withNodeName(pod.getSpec().getNodeName())
        .endSpec()
        .withNewStatus()
        .withPodIP(pod.getStatus().getPodIP())
        .withConditions(
            pod.getStatus().getConditions().stream()
                .filter(condition -> condition.getType().equals("Ready"))
                .toList())
        .withInitContainerStatuses(pod.getStatus().getInitContainerStatuses())
        .withContainerStatuses(pod.getStatus().getContainerStatuses())
        .endStatus()
        .build();
  }
}
