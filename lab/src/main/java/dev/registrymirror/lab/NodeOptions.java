package dev.registrymirror.lab;

import dev.registrymirror.lab.tools.Containerd;

/**
 * What a node is like.
 *
 * @param zone what its mirror is told as {@code --zone}; empty: nothing
 * @param fetchesLayersInParallel several ranges of a layer at once; containerd 2.4.2 only
 * @param discardsUnpackedLayers keeps no layer once it is unpacked, so that nothing can be shared
 */
public record NodeOptions(
    Containerd containerd,
    String zone,
    boolean fetchesLayersInParallel,
    boolean discardsUnpackedLayers) {

  public NodeOptions {
    if (fetchesLayersInParallel && containerd != Containerd.V24) {
      throw new IllegalArgumentException(containerd + " does not fetch layers in parallel");
    }
  }

  /** A node as that containerd is by default, in no zone. */
  public static NodeOptions of(Containerd containerd) {
    return new NodeOptions(containerd, "", false, false);
  }

  public NodeOptions zone(String name) {
    return new NodeOptions(containerd, name, fetchesLayersInParallel, discardsUnpackedLayers);
  }

  public NodeOptions fetchLayersInParallel() {
    return new NodeOptions(containerd, zone, true, discardsUnpackedLayers);
  }

  public NodeOptions discardUnpackedLayers() {
    return new NodeOptions(containerd, zone, fetchesLayersInParallel, true);
  }
}
