package dev.registrymirror.operator.crd;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import java.util.Map;
import java.util.Objects;

/** How the agents are watched. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record MonitoringSpec(
    @JsonPropertyDescription("For Prometheus Operator, once its ServiceMonitor is there.")
        @Default("{}")
        ServiceMonitor serviceMonitor,
    @JsonPropertyDescription("A ConfigMap with a dashboard that Grafana's sidecar finds.")
        @Default("{}")
        Switch dashboard,
    @JsonPropertyDescription("A PrometheusRule with alerts.") @Default("{}") Switch alerts) {

  static final MonitoringSpec DEFAULTS = new MonitoringSpec(null, null, null);

  public MonitoringSpec {
    serviceMonitor =
        Objects.requireNonNullElseGet(serviceMonitor, () -> new ServiceMonitor(null, null, null));
    dashboard = Objects.requireNonNullElseGet(dashboard, () -> new Switch(null));
    alerts = Objects.requireNonNullElseGet(alerts, () -> new Switch(null));
  }

  /** The ServiceMonitor. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record ServiceMonitor(
      @JsonPropertyDescription("Whether it is made.") @Default("true") Boolean enabled,
      @JsonPropertyDescription("Between two scrapes.") @Default("30s") @Pattern(OnDeleteSpec.TIME)
          String interval,
      @JsonPropertyDescription("Added to it, for a Prometheus that selects by label.")
          Map<String, String> labels) {

    public ServiceMonitor {
      enabled = Objects.requireNonNullElse(enabled, true);
      interval = Objects.requireNonNullElse(interval, "30s");
      labels = labels == null ? Map.of() : Map.copyOf(labels);
    }
  }

  /** Made or not. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Switch(
      @JsonPropertyDescription("Whether it is made.") @Default("false") Boolean enabled) {

    public Switch {
      enabled = Objects.requireNonNullElse(enabled, false);
    }
  }
}
