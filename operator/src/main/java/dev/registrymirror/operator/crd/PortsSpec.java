package dev.registrymirror.operator.crd;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Objects;

/** Ports on every node. */
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value =
        "self.registry != self.peer && self.registry != self.metrics && self.peer != self.metrics",
    message = "registry, peer and metrics need ports that differ from each other")
@ValidationRule(
    value = "[self.registry, self.peer, self.metrics].all(p, p < 30000 || p > 32767)",
    message = "ports 30000 to 32767 are Kubernetes' node ports: choose others")
public record PortsSpec(
    @JsonPropertyDescription("For the node's own containerd.")
        @Default("29999")
        @Min(1024)
        @Max(65535)
        Integer registry,
    @JsonPropertyDescription("For the agents of other nodes.")
        @Default("29998")
        @Min(1024)
        @Max(65535)
        Integer peer,
    @JsonPropertyDescription("For Prometheus, the operator, and the agent's page.")
        @Default("29997")
        @Min(1024)
        @Max(65535)
        Integer metrics) {

  static final PortsSpec DEFAULTS = new PortsSpec(null, null, null);

  public PortsSpec {
    registry = Objects.requireNonNullElse(registry, 29_999);
    peer = Objects.requireNonNullElse(peer, 29_998);
    metrics = Objects.requireNonNullElse(metrics, 29_997);
  }
}
