package dev.registrymirror.lab.cluster;

import dev.registrymirror.lab.LabOptions;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;

/**
 * What a cluster is like.
 *
 * @param nodes what each is like; they are called n1, n2, …
 * @param root where its directory is; on a disk, for images lie there
 */
public record ClusterOptions(List<ClusterNodeOptions> nodes, Path root) {

  public ClusterOptions {
    nodes = List.copyOf(nodes);
  }

  /** So many nodes of {@link NodeLayout#STANDARD}. */
  public static ClusterOptions nodes(int count) {
    return nodes(
        Collections.nCopies(count, ClusterNodeOptions.of(NodeLayout.STANDARD))
            .toArray(ClusterNodeOptions[]::new));
  }

  /** These nodes, where labs are by default. */
  public static ClusterOptions nodes(ClusterNodeOptions... nodes) {
    return new ClusterOptions(List.of(nodes), LabOptions.defaults().root());
  }
}
