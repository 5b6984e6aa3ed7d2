package dev.registrymirror.lab;

import dev.registrymirror.lab.tools.Containerd;

/**
 * What a node is like.
 *
 * @param zone what its mirror is told as {@code --zone}; empty: nothing
 * @param downloadsAtOnce layers that it downloads at the same time
 * @param fetchesLayersInParallel several ranges of a layer at once; containerd 2.4.2 only
 * @param discardsUnpackedLayers keeps no layer once it is unpacked, so that nothing can be shared
 * @param configPath containerd's {@code config_path}, in which {@code %s} stands for {@link
 *     Node#hostsDirectory}; empty: not set
 */
public record NodeOptions(
    Containerd containerd,
    String zone,
    int downloadsAtOnce,
    boolean fetchesLayersInParallel,
    boolean discardsUnpackedLayers,
    String configPath) {

  /** containerd's own {@code max_concurrent_downloads}. */
  private static final int DOWNLOADS_AT_ONCE = 3;

  public NodeOptions {
    if (fetchesLayersInParallel && containerd != Containerd.V24) {
      throw new IllegalArgumentException(containerd + " does not fetch layers in parallel");
    }
  }

  /** A node as that containerd is by default, in no zone. */
  public static NodeOptions of(Containerd containerd) {
    return new NodeOptions(containerd, "", DOWNLOADS_AT_ONCE, false, false, "%s");
  }

  public NodeOptions zone(String name) {
    return new NodeOptions(
        containerd,
        name,
        downloadsAtOnce,
        fetchesLayersInParallel,
        discardsUnpackedLayers,
        configPath);
  }

  public NodeOptions downloadsAtOnce(int layers) {
    return new NodeOptions(
        containerd, zone, layers, fetchesLayersInParallel, discardsUnpackedLayers, configPath);
  }

  public NodeOptions fetchLayersInParallel() {
    return new NodeOptions(
        containerd, zone, downloadsAtOnce, true, discardsUnpackedLayers, configPath);
  }

  public NodeOptions discardUnpackedLayers() {
    return new NodeOptions(
        containerd, zone, downloadsAtOnce, fetchesLayersInParallel, true, configPath);
  }

  public NodeOptions configPath(String path) {
    return new NodeOptions(
        containerd, zone, downloadsAtOnce, fetchesLayersInParallel, discardsUnpackedLayers, path);
  }
}
