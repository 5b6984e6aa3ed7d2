package dev.registrymirror.operator.resources;

import dev.registrymirror.operator.crd.RegistryMirror;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;

/** A dashboard where Grafana's sidecar finds it: in a ConfigMap with its label. */
public final class Dashboard {

  /** What the sidecar of Grafana's charts looks for by default. */
  private static final String LABEL = "grafana_dashboard";

  private Dashboard() {}

  public static ConfigMap of(RegistryMirror mirror) {
    return new ConfigMapBuilder()
        .withNewMetadataLike(Names.owned(mirror, Names.dashboard(mirror)))
        .addToLabels(LABEL, "1")
        .endMetadata()
        .addToData("registry-mirror.json", Manifest.text("dashboard.json"))
        .build();
  }
}
