package dev.registrymirror.operator.nodes;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeSystemInfo;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * What the operator knows of a node.
 *
 * @param ip its internal address, where its agent is reached; empty where it has none yet
 * @param zone {@code topology.kubernetes.io/zone}, empty where it has none
 * @param ready whether kubelet says so
 */
public record NodeFacts(
    String name,
    String ip,
    String zone,
    Map<String, String> labels,
    boolean ready,
    String operatingSystem,
    String osImage,
    String kubeletVersion,
    String containerRuntime) {

  private static final String ZONE = "topology.kubernetes.io/zone";

  public NodeFacts {
    labels = Map.copyOf(labels);
  }

  /** What is known of a Node. */
  public static NodeFacts of(Node node) {
    Map<String, String> labels =
        Objects.requireNonNullElse(node.getMetadata().getLabels(), Map.of());
    NodeSystemInfo info =
        Objects.requireNonNullElseGet(node.getStatus().getNodeInfo(), NodeSystemInfo::new);
    return new NodeFacts(
        node.getMetadata().getName(),
        node.getStatus().getAddresses().stream()
            .filter(address -> address.getType().equals("InternalIP"))
            .map(NodeAddress::getAddress)
            .findFirst()
            .orElse(""),
        labels.getOrDefault(ZONE, ""),
        labels,
        node.getStatus().getConditions().stream().anyMatch(NodeFacts::saysReady),
        Objects.requireNonNullElse(info.getOperatingSystem(), ""),
        Objects.requireNonNullElse(info.getOsImage(), ""),
        Objects.requireNonNullElse(info.getKubeletVersion(), ""),
        Objects.requireNonNullElse(info.getContainerRuntimeVersion(), ""));
  }

  private static boolean saysReady(NodeCondition condition) {
    return condition.getType().equals("Ready") && condition.getStatus().equals("True");
  }

  /** The same strings for all nodes, which have mostly the same labels. */
  private static Map<String, String> shared(Map<String, String> labels) {
    return Objects.requireNonNullElse(labels, Map.<String, String>of()).entrySet().stream()
        .collect(
            Collectors.toMap(label -> label.getKey().intern(), label -> label.getValue().intern()));
  }

  /**
   * The part of a Node that this needs: the images that a node has, and who manages which field,
   * are most of the object, and there are thousands.
   */
  public static Node strip(Node node) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(node.getMetadata().getName())
        .withUid(node.getMetadata().getUid())
        .withResourceVersion(node.getMetadata().getResourceVersion())
        .withLabels(shared(node.getMetadata().getLabels()))
        .endMetadata()
        .withNewStatus()
        .withAddresses(node.getStatus().getAddresses())
        .withConditions(
            node.getStatus().getConditions().stream()
                .filter(condition -> condition.getType().equals("Ready"))
                .map(
                    condition ->
                        // Without its heartbeat, which changes every few minutes on every node.
                        new NodeCondition(
                            null,
                            null,
                            condition.getMessage(),
                            condition.getReason(),
                            condition.getStatus(),
                            condition.getType()))
                .toList())
        .withNodeInfo(node.getStatus().getNodeInfo())
        .endStatus()
        .build();
  }
}
