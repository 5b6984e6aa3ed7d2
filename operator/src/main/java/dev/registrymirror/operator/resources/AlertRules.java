package dev.registrymirror.operator.resources;

import dev.registrymirror.operator.crd.RegistryMirror;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;

/** When somebody is to be told; for Prometheus Operator, as {@link ServiceMonitor}. */
public final class AlertRules {

  /** Stands for the RegistryMirror's name in the manifest. */
  private static final String MIRROR = "MIRROR";

  private AlertRules() {}

  public static GenericKubernetesResource of(RegistryMirror mirror) {
    GenericKubernetesResource rules =
        Manifest.read(
            "alerts.yaml",
            GenericKubernetesResource.class,
            text -> text.replace(MIRROR, Names.own(mirror)));
    rules.setMetadata(Names.owned(mirror, Names.own(mirror)));
    rules.getMetadata().setLabels(ServiceMonitor.labels(mirror));
    return rules;
  }
}
