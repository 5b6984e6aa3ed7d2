package dev.registrymirror.lab.bench;

import java.util.Locale;

/** A row of the herd's table: who pulls what, what happens meanwhile, and what is to be reached. */
enum HerdRow {
  HERD_5("herd of 5", Workload.FIVE_LAYERS, 5, Fault.NONE, "≤ 1.05; ≤ 1.15; ≤ 1.25"),
  HERD_8("herd of 8", Workload.FIVE_LAYERS, 8, Fault.NONE, "≤ 1.05; ≤ 1.15; ≤ 1.25"),
  ONE_LAYER("herd of 5", Workload.ONE_LAYER, 5, Fault.NONE, "≤ 1.05; ≤ 1.15; ≤ 1.25"),
  SLOW_UPSTREAM("herd of 5", Workload.SLOW_UPSTREAM, 5, Fault.NONE, "≤ 1.05; ≤ 1.15; ≤ 1.25"),
  JOINING(
      "5 nodes, one more every 2 s",
      Workload.FIVE_LAYERS,
      5,
      Fault.NONE,
      "≤ 1.05; end ≤ 1.15 × the first's"),
  AGENT_KILLED(
      "herd of 5, leader's agent killed half-way",
      Workload.FIVE_LAYERS,
      5,
      Fault.AGENT_KILLED,
      "≤ 2.0; ≤ 2.0; 0 failed"),
  CONTAINERD_KILLED(
      "herd of 5, leader's containerd killed half-way",
      Workload.FIVE_LAYERS,
      5,
      Fault.CONTAINERD_KILLED,
      "≤ 2.0; ≤ 2.0; 0 failed"),
  CUT_OFF(
      "herd of 5, leader's node cut off half-way",
      Workload.FIVE_LAYERS,
      5,
      Fault.CUT_OFF,
      "≤ 2.0; ≤ 2.0; 0 failed"),
  UPLINK_SLOWED(
      "herd of 5, leader's uplink ten times slower",
      Workload.FIVE_LAYERS,
      5,
      Fault.UPLINK_SLOWED,
      "≤ 2.0; ≤ 2.0; 0 failed"),
  BLACK_HOLED(
      "herd of 5, leader black-holed upstream",
      Workload.FIVE_LAYERS,
      5,
      Fault.BLACK_HOLED,
      "≤ 2.0; ≤ 2.0; 0 failed"),
  PER_NODE("herd of 8", Workload.EIGHT_LAYERS, 8, Fault.NONE, "times ≤ 0.3");

  private static final long SECONDS_BETWEEN_JOINS = 2;

  private final String herd;
  final Workload workload;
  final int nodes;
  final Fault fault;

  /** Of bytes from upstream; of seconds to the last byte; of seconds to the last pull's end. */
  final String reach;

  HerdRow(String herd, Workload workload, int nodes, Fault fault, String reach) {
    this.herd = herd;
    this.workload = workload;
    this.nodes = nodes;
    this.fault = fault;
    this.reach = reach;
  }

  /** How it is named on the command line: {@code herd-5}. */
  String argument() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The row of that {@link #argument}.
   *
   * @throws IllegalArgumentException where there is none
   */
  static HerdRow of(String argument) {
    return valueOf(argument.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  String what() {
    return herd + ": " + workload.what;
  }

  /** Whether it is measured without a mirror and with Spegel, too: each takes minutes. */
  boolean isCompared() {
    return this == HERD_5 || this == HERD_8 || this == JOINING;
  }

  /** When the {@code index}th node, from 0, begins to pull. */
  long startSeconds(int index) {
    return this == JOINING ? SECONDS_BETWEEN_JOINS * index : 0;
  }
}
