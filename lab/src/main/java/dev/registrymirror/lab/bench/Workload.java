package dev.registrymirror.lab.bench;

import dev.registrymirror.lab.Lab;
import dev.registrymirror.lab.NodeOptions;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.tools.Containerd;

/** What a herd pulls, and how fast upstream is. One node alone with each is a unit. */
enum Workload {
  FIVE_LAYERS("5 × 100 MB, upstream 200 Mbit/s", 5, 100_000_000, "200mbit"),
  ONE_LAYER("1 × 1 GB, upstream 200 Mbit/s", 1, 1_000_000_000, "200mbit"),
  SLOW_UPSTREAM("1 × 20 MB, upstream 10 Mbit/s", 1, 20_000_000, "10mbit"),
  /** Limited per node, where all nodes together could have more; a layer for each of eight. */
  EIGHT_LAYERS("8 × 50 MB, 8 at once, upstream 50 Mbit/s per node", 8, 50_000_000, "50mbit");

  private static final int AT_ONCE = 8;

  final String what;
  private final int layers;
  private final long layerBytes;
  private final String rate;

  Workload(String what, int layers, long layerBytes, String rate) {
    this.what = what;
    this.layers = layers;
    this.layerBytes = layerBytes;
    this.rate = rate;
  }

  ImageRecipe recipe() {
    return ImageRecipe.named("herd:1").layers(layers, layerBytes);
  }

  NodeOptions node(Containerd containerd) {
    NodeOptions options = NodeOptions.of(containerd);
    return this == EIGHT_LAYERS ? options.downloadsAtOnce(AT_ONCE) : options;
  }

  void limit(Lab lab) {
    if (this == EIGHT_LAYERS) {
      lab.nodes().forEach(node -> node.upstreamLink().limit(rate));
    } else {
      lab.upstream().limit(rate);
    }
  }
}
