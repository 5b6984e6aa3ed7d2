package dev.registrymirror.operator.resources;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.NodeFacts;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Comparator;

/**
 * Who is in the cluster, as the agents read it: {@code {"version":1,"nodes":[{"ip":…,"zone":…}]}}.
 * Some 45 bytes a node, so 5,000 nodes take a quarter of what a ConfigMap may hold.
 */
public final class Roster {

  /** The file's name where it is mounted. */
  public static final String KEY = "roster.json";

  /** What a ConfigMap may hold, and an agent reads, in bytes (Kubernetes: 1 MiB with its keys). */
  public static final int MAX_BYTES = (1 << 20) - 4096;

  private static final int DEFAULT_PEER_PORT = 29_998;
  private static final ObjectMapper JSON = new ObjectMapper();

  private Roster() {}

  /** The nodes with an address, in the order of their names. */
  public static String of(Collection<NodeFacts> nodes, int peerPort) {
    ObjectNode roster = JSON.createObjectNode().put("version", 1);
    ArrayNode list = roster.putArray("nodes");
    nodes.stream()
        .filter(node -> !node.ip().isEmpty())
        .sorted(Comparator.comparing(NodeFacts::name))
        .forEach(
            node -> {
              ObjectNode entry = list.addObject().put("ip", node.ip());
              if (!node.zone().isEmpty()) {
                entry.put("zone", node.zone());
              }
              if (peerPort != DEFAULT_PEER_PORT) {
                entry.put("port", peerPort);
              }
            });
    try {
      return JSON.writeValueAsString(roster);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Whether it fits. */
  public static boolean fits(String roster) {
    return roster.getBytes(StandardCharsets.UTF_8).length <= MAX_BYTES;
  }

  /** The ConfigMap that holds it. */
  public static ConfigMap configMap(RegistryMirror mirror, String roster) {
    return new ConfigMapBuilder()
        .withMetadata(Names.owned(mirror, Names.roster(mirror)))
        .addToData(KEY, roster)
        .build();
  }
}
