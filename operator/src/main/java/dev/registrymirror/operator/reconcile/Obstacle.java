package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.crd.PlatformName;
import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.Platform;
import dev.registrymirror.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Why nothing is made for a RegistryMirror, though the API server took it.
 *
 * @param reason one word, as a condition's
 * @param message what is wrong, and the mend
 */
record Obstacle(String reason, String message) {

  static final String CONFLICT = "Conflict";

  /** What stands in the way; empty where nothing does. */
  static Optional<Obstacle> find(Observed observed) {
    if (!observed.rivals().isEmpty()) {
      RegistryMirror rival = observed.rivals().getFirst();
      return Optional.of(
          new Obstacle(
              CONFLICT,
              "RegistryMirror %s is older and takes some of the same nodes: give each its own by agent.nodeSelector, or delete one"
                  .formatted(rival.fullName())));
    }
    if (observed.daemonSet().filter(found -> !isOurs(found, observed.mirror())).isPresent()) {
      return Optional.of(
          new Obstacle(
              "NameTaken",
              "a DaemonSet %s is here that this RegistryMirror has not made: remove it, or give the RegistryMirror another name"
                  .formatted(observed.mirror().getMetadata().getName())));
    }
    if (observed.nodes().isEmpty()) {
      return Optional.of(
          new Obstacle(
              "NoNodes",
              observed.selected().isEmpty()
                  ? "no node has the labels that agent.nodeSelector and agent.nodeAffinity ask for"
                  : "none of the %d nodes is supported, see status.worstNodes"
                      .formatted(observed.selected().size())));
    }
    boolean isNamed = observed.mirror().getSpec().platform() == PlatformName.Custom;
    return isNamed || observed.platforms().size() == 1
        ? Optional.empty()
        : Optional.of(platformsDiffer(observed.platforms()));
  }

  /** The API server did not let the operator do something. */
  static Obstacle refused(KubernetesClientException refusal) {
    String said =
        refusal.getStatus() == null ? refusal.getMessage() : refusal.getStatus().getMessage();
    return switch (refusal.getCode()) {
      case 403 ->
          new Obstacle(
              "MissingPermission",
              "the operator may not do what it has to: give it the role of its chart ("
                  + said
                  + ")");
      case 400, 404, 422 -> new Obstacle("Refused", "the API server refuses what is made: " + said);
      // It may pass: the framework tries again, ever later.
      default -> throw refusal;
    };
  }

  private static Obstacle platformsDiffer(List<Platform> platforms) {
    return new Obstacle(
        "PlatformsDiffer",
        "the nodes are of several platforms, %s, whose paths differ: make one RegistryMirror for each, with platform and agent.nodeSelector"
            .formatted(
                platforms.stream().map(Platform::toString).collect(Collectors.joining(", "))));
  }

  static boolean isOurs(DaemonSet found, RegistryMirror mirror) {
    Map<String, String> labels =
        Optional.ofNullable(found.getMetadata().getLabels()).orElse(Map.of());
    return Labels.of(mirror).entrySet().stream()
        .allMatch(label -> label.getValue().equals(labels.get(label.getKey())));
  }
}
