package dev.registrymirror.lab.bench;

import dev.registrymirror.lab.Node;

/** What befalls the node that leads: of all nodes, the one that has had most from upstream. */
enum Fault {
  NONE(1, false),
  AGENT_KILLED(0.5, false),
  CONTAINERD_KILLED(0.5, true),
  CUT_OFF(0.5, true),
  UPLINK_SLOWED(0.05, true),
  /** From the start: see {@link BlackHole}. */
  BLACK_HOLED(1, false);

  private static final String SLOW = "20mbit";

  /** When: as soon as a node has fetched this share of the image. */
  final double after;

  /**
   * Whether the pull of the node that it strikes does not count: it cannot succeed, or takes as
   * long as that node's own link.
   */
  final boolean losesLeader;

  Fault(double after, boolean losesLeader) {
    this.after = after;
    this.losesLeader = losesLeader;
  }

  /** Whether it strikes while the herd pulls. */
  boolean isMidway() {
    return after < 1;
  }

  void strike(Node leader) {
    switch (this) {
      case AGENT_KILLED -> leader.mirror().kill();
      case CONTAINERD_KILLED -> leader.containerd().kill();
      case CUT_OFF -> {
        leader.upstreamLink().cut();
        leader.peerLink().cut();
      }
      case UPLINK_SLOWED -> leader.upstreamLink().limit(SLOW);
      case NONE, BLACK_HOLED -> throw new IllegalStateException("strikes not midway: " + this);
    }
  }
}
