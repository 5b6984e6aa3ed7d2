package dev.registrymirror.operator.nodes;

import dev.registrymirror.operator.crd.AgentSpec;
import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import java.util.List;
import java.util.function.Predicate;

/**
 * Which nodes an agent runs on: what the scheduler makes of the labels and the required affinity.
 * Taints are left out, as agents tolerate them all unless told otherwise.
 */
public record Selection(AgentSpec agent) implements Predicate<NodeFacts> {

  @Override
  public boolean test(NodeFacts node) {
    return node.labels().entrySet().containsAll(agent.nodeSelector().entrySet())
        && isWanted(agent.nodeAffinity(), node);
  }

  private static boolean isWanted(NodeAffinity affinity, NodeFacts node) {
    if (affinity == null || affinity.getRequiredDuringSchedulingIgnoredDuringExecution() == null) {
      return true;
    }
    List<NodeSelectorTerm> terms =
        affinity.getRequiredDuringSchedulingIgnoredDuringExecution().getNodeSelectorTerms();
    return terms.stream().anyMatch(term -> matches(term, node));
  }

  private static boolean matches(NodeSelectorTerm term, NodeFacts node) {
    boolean isEmpty = term.getMatchExpressions().isEmpty() && term.getMatchFields().isEmpty();
    return !isEmpty
        && term.getMatchExpressions().stream()
            .allMatch(asked -> matches(asked, node.labels().get(asked.getKey())))
        // metadata.name is the only field that Kubernetes knows here.
        && term.getMatchFields().stream().allMatch(asked -> matches(asked, node.name()));
  }

  private static boolean matches(NodeSelectorRequirement asked, String value) {
    return switch (asked.getOperator()) {
      case "In" -> value != null && asked.getValues().contains(value);
      case "NotIn" -> value == null || !asked.getValues().contains(value);
      case "Exists" -> value != null;
      case "DoesNotExist" -> value == null;
      case "Gt" -> value != null && number(value) > number(asked.getValues().getFirst());
      case "Lt" -> value != null && number(value) < number(asked.getValues().getFirst());
      default -> throw new IllegalArgumentException("no operator: " + asked.getOperator());
    };
  }

  // What is no number matches nothing, as in the scheduler.
  private static double number(String value) {
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }
}
