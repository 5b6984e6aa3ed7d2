package dev.registrymirror.operator.crd;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.SELinuxOptions;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.apps.DaemonSetUpdateStrategy;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Null where the operator's own is meant. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record AgentSpec(
    @JsonPropertyDescription("The agent's image; the one of the operator's release.") String image,
    @JsonPropertyDescription("Requests and limits; 20m and 80Mi, at most 160Mi.")
        ResourceRequirements resources,
    @JsonPropertyDescription("Labels of the nodes that take part; none: all nodes.")
        Map<String, String> nodeSelector,
    @JsonPropertyDescription("Taints that the agents tolerate; all of them.")
        List<Toleration> tolerations,
    @JsonPropertyDescription("Which nodes take part, where labels alone do not say it.")
        NodeAffinity nodeAffinity,
    @JsonPropertyDescription("system-node-critical.") String priorityClassName,
    @JsonPropertyDescription("How agents are replaced; one in ten at a time.")
        DaemonSetUpdateStrategy updateStrategy,
    @JsonPropertyDescription(
            "In the node's own network: works before the pod network does, and a stopped agent is"
                + " refused at once. false: the same ports by the pod network's hostPort.")
        @Default("true")
        Boolean hostNetwork,
    @JsonPropertyDescription(
            "Where SELinux is enforced (RHEL, Fedora CoreOS, RKE2): type spc_t, without which no"
                + " container may use containerd's socket.")
        SELinuxOptions seLinuxOptions,
    @JsonPropertyDescription("debug, info, warn or error.") @Default("info") LogLevel logLevel,
    @JsonPropertyDescription(
            "More variables for the agent: each of its options has one, MIRROR_…. Those that the"
                + " operator sets itself stay as they are.")
        List<EnvVar> extraEnv) {

  static final AgentSpec DEFAULTS =
      new AgentSpec(null, null, null, null, null, null, null, null, null, null, null);

  public AgentSpec {
    nodeSelector = nodeSelector == null ? Map.of() : Map.copyOf(nodeSelector);
    hostNetwork = Objects.requireNonNullElse(hostNetwork, true);
    logLevel = Objects.requireNonNullElse(logLevel, LogLevel.info);
    extraEnv = extraEnv == null ? List.of() : List.copyOf(extraEnv);
  }
}
