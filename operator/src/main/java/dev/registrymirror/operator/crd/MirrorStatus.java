package dev.registrymirror.operator.crd;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/** What is so. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record MirrorStatus(
    @JsonPropertyDescription("The generation of the spec that this was found with.")
        Long observedGeneration,
    @JsonPropertyDescription(
            "Ready, Progressing, NodesConfigured, Sharing, Monitored, Conflict: each with what to"
                + " do where it is not as it should be.")
        List<Condition> conditions,
    @JsonPropertyDescription("Nodes whose agent is ready, of those that take part: 5/5.")
        String nodesReady,
    @JsonPropertyDescription(
            "Nodes whose containerd lately pulled past the mirror; worstNodes says which and why.")
        Integer bypassed,
    @JsonPropertyDescription(
            "Of what containerd asked the agents for since they started, what the cluster had, in"
                + " percent: 93%.")
        String hitRatio,
    @JsonPropertyDescription(
            "Whether agents were deployed, and their nodes not restored since: on deletion they"
                + " are.")
        Boolean deployed,
    @JsonPropertyDescription("The nodes that take part, by platform.")
        List<PlatformNodes> platforms,
    @JsonPropertyDescription("The nodes with something to mend, ten at most.")
        List<NodeProblem> worstNodes) {

  /** This, with nothing left to restore on the nodes. */
  public MirrorStatus restored() {
    return new MirrorStatus(
        observedGeneration,
        conditions,
        nodesReady,
        bypassed,
        hitRatio,
        false,
        platforms,
        worstNodes);
  }

  /** Nodes of one platform. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record PlatformNodes(
      @JsonPropertyDescription("Talos, K3s, RKE2, K0s, Containerd, or why it is not supported.")
          String platform,
      @JsonPropertyDescription("How many.") Integer nodes,
      @JsonPropertyDescription("Of these with an agent that is ready.") Integer ready,
      @JsonPropertyDescription("Whether agents can work there.") Boolean supported) {}

  /** What is wrong on one node. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record NodeProblem(
      @JsonPropertyDescription("The node's name.") String node,
      @JsonPropertyDescription("One word.") String reason,
      @JsonPropertyDescription("What is wrong, and the mend.") String message) {}
}
