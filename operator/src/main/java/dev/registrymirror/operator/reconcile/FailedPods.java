package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.resources.Names;
import io.fabric8.kubernetes.api.model.Event;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;

/**
 * Why a DaemonSet's pods are not created: Pod Security, a quota, an admission webhook. It is the
 * API server that knows, and its answers are the DaemonSet's events; labels of the namespace do not
 * tell it, as Talos has defaults without labels.
 */
final class FailedPods {

  private FailedPods() {}

  /** What the API server last said, with the mend; empty where it said nothing. */
  static Optional<String> reason(RegistryMirror mirror, Context<RegistryMirror> context) {
    return context
        .getClient()
        .v1()
        .events()
        .inNamespace(mirror.getMetadata().getNamespace())
        .withField("involvedObject.kind", "DaemonSet")
        .withField("involvedObject.name", Names.own(mirror))
        .withField("reason", "FailedCreate")
        .list()
        .getItems()
        .stream()
        .max(Comparator.comparing(FailedPods::time))
        .map(event -> explain(mirror, event.getMessage()));
  }

  private static String time(Event event) {
    return Objects.requireNonNullElse(event.getLastTimestamp(), "");
  }

  private static String explain(RegistryMirror mirror, String message) {
    String namespace = mirror.getMetadata().getNamespace();
    return message.contains("PodSecurity")
        ? "Pod Security forbids the agents, which mount the node's directories: kubectl label namespace %s pod-security.kubernetes.io/enforce=privileged, or use another namespace (%s)"
            .formatted(namespace, message)
        : message;
  }
}
