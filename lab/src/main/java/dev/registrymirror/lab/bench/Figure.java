package dev.registrymirror.lab.bench;

import java.util.Optional;

/** A row of the table: what is measured, in which unit, and what is to be reached. */
enum Figure {
  ONE_MORE_NODE(
      "one more node, 5 layers of 100 MB, from a peer", "s", "≤ 0.8 × Spegel", Side.SPEGEL),
  ONE_STREAM("100 MB blob from a peer, one stream", "MB/s", "≥ 1.0 × nginx", Side.NGINX),
  FOUR_STREAMS("100 MB blob from a peer, four streams", "MB/s", "≥ 1.0 × nginx", Side.NGINX),
  HEAD_HIT_P50("HEAD, a peer has it, p50", "ms", "≤ 0.5 × Spegel", Side.SPEGEL),
  HEAD_HIT_P99("HEAD, a peer has it, p99", "ms", "≤ 0.5 × Spegel", Side.SPEGEL),
  HEAD_MISS_P50("HEAD, nobody has it, p50", "ms", "≤ 0.5 × Spegel", Side.SPEGEL),
  HEAD_MISS_P99("HEAD, nobody has it, p99", "ms", "≤ 0.5 × Spegel", Side.SPEGEL),
  CPU_PER_GIB("CPU of both agents, four streams", "s/GiB", "≤ 0.7 × Spegel", Side.SPEGEL),
  RSS_IDLE("RSS idle", "MiB", "≤ 64; TLS ≤ 80", null),
  RSS_IDLE_ANONYMOUS("idle, of it anonymous", "MiB", "", null),
  RSS_PULLED("RSS after 20 pulls", "MiB", "≤ 64; TLS ≤ 80", null),
  RSS_PULLED_ANONYMOUS("after 20 pulls, of it anonymous", "MiB", "", null),
  RSS_WORKED("RSS after streams, HEADs and 20 pulls more", "MiB", "", null),
  RSS_WORKED_ANONYMOUS("after all, of it anonymous", "MiB", "", null),
  RSS_PEAK("RSS at its most", "MiB", "", null),
  READY("start to Ready", "s", "≤ 1", null);

  /** A column of the table. */
  enum Side {
    MIRROR("mirror"),
    MIRROR_TLS("mirror, TLS"),
    SPEGEL("Spegel"),
    NGINX("nginx");

    final String heading;

    Side(String heading) {
      this.heading = heading;
    }
  }

  final String what;
  final String unit;
  final String reach;
  private final Side comparedWith;

  Figure(String what, String unit, String reach, Side comparedWith) {
    this.what = what;
    this.unit = unit;
    this.reach = reach;
    this.comparedWith = comparedWith;
  }

  /** Whose figure ours is divided by; empty where the figure is judged by itself. */
  Optional<Side> comparedWith() {
    return Optional.ofNullable(comparedWith);
  }
}
