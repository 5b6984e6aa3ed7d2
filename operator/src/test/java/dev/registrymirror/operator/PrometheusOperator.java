package dev.registrymirror.operator;

import java.util.Locale;

/** As much of Prometheus Operator as tests need: its definitions. */
public final class PrometheusOperator {

  private PrometheusOperator() {}

  /** Of ServiceMonitor or PrometheusRule; any field is taken. */
  public static String definition(String kind) {
    String singular = kind.toLowerCase(Locale.ROOT);
    return """
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: %1$ss.monitoring.coreos.com}
    spec:
      group: monitoring.coreos.com
      scope: Namespaced
      names: {plural: %1$ss, singular: %1$s, kind: %2$s}
      versions:
      - name: v1
        served: true
        storage: true
        schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    """
        .formatted(singular, kind);
  }
}
