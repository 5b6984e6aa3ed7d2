package dev.registrymirror.lab.cluster;

/**
 * What a node of a cluster is like.
 *
 * @param readsHosts its containerd has a {@code config_path}; without, it reads no hosts.toml and
 *     finds no registry of the lab's
 * @param discardsUnpackedLayers keeps no layer once it is unpacked, so that nothing can be shared
 */
public record ClusterNodeOptions(
    NodeLayout layout, boolean readsHosts, boolean discardsUnpackedLayers) {

  /** A node of that layout with which nothing is wrong. */
  public static ClusterNodeOptions of(NodeLayout layout) {
    return new ClusterNodeOptions(layout, true, false);
  }

  public ClusterNodeOptions withoutConfigPath() {
    return new ClusterNodeOptions(layout, false, discardsUnpackedLayers);
  }

  public ClusterNodeOptions discardUnpackedLayers() {
    return new ClusterNodeOptions(layout, readsHosts, true);
  }
}
