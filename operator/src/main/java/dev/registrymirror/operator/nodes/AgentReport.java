package dev.registrymirror.operator.nodes;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What an agent says of itself on {@code /status}. Fields that are not there are null or empty: it
 * may be of another release.
 *
 * @param mirrored whether the node's hosts directory holds the mirror's entries
 * @param served what other nodes had from it since it started
 * @param requests of its containerd since it started, by how they ended
 * @param bypassed what its containerd pulled past it
 * @param problems what stands in the way on this node
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record AgentReport(
    Boolean mirrored,
    Served served,
    Map<String, Long> requests,
    List<Bypassed> bypassed,
    List<Problem> problems) {

  /** What other nodes had. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Served(long blobs, long bytes) {}

  /** Images that were pulled past the mirror. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Bypassed(String registry, String reason, long images, String last) {}

  /** Something to mend on the node. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Problem(String reason, String detail) {}

  public AgentReport {
    served = Objects.requireNonNullElse(served, new Served(0, 0));
    requests = requests == null ? Map.of() : Map.copyOf(requests);
    bypassed = bypassed == null ? List.of() : List.copyOf(bypassed);
    problems = problems == null ? List.of() : List.copyOf(problems);
  }
}
