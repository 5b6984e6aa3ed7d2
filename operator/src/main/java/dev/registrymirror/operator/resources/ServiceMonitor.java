package dev.registrymirror.operator.resources;

import dev.registrymirror.operator.crd.MonitoringSpec;
import dev.registrymirror.operator.crd.RegistryMirror;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Tells Prometheus Operator of the agents; there only where its CustomResourceDefinition is. */
public final class ServiceMonitor {

  /** Its CustomResourceDefinition. */
  public static final String CRD = "servicemonitors.monitoring.coreos.com";

  private ServiceMonitor() {}

  public static GenericKubernetesResource of(RegistryMirror mirror) {
    MonitoringSpec.ServiceMonitor wanted = mirror.getSpec().monitoring().serviceMonitor();
    GenericKubernetesResource monitor =
        Manifest.read("servicemonitor.yaml", GenericKubernetesResource.class);
    monitor.setMetadata(Names.owned(mirror, Names.own(mirror)));
    monitor.getMetadata().setLabels(labels(mirror));
    Map<String, Object> spec = monitor.get("spec");
    spec.put("selector", Map.of("matchLabels", Labels.of(mirror)));
    spec.put(
        "namespaceSelector", Map.of("matchNames", List.of(mirror.getMetadata().getNamespace())));
    List<Map<String, Object>> endpoints = monitor.get("spec", "endpoints");
    endpoints.getFirst().put("interval", wanted.interval());
    return monitor;
  }

  /** Its own, and those by which a Prometheus selects what is for it. */
  static Map<String, String> labels(RegistryMirror mirror) {
    Map<String, String> labels =
        new HashMap<>(mirror.getSpec().monitoring().serviceMonitor().labels());
    labels.putAll(Labels.of(mirror));
    return labels;
  }
}
