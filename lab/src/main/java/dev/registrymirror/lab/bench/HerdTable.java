package dev.registrymirror.lab.bench;

import static dev.registrymirror.lab.bench.Table.figure;

import java.util.ArrayList;
import java.util.List;

/** What herds cost, as Markdown: absolutes, and in brackets ratios to one node alone. */
final class HerdTable {

  private static final String HEAD =
      """
      | | by | from upstream, MB | last byte, s | last pull's end, s | CPU idle | failed pulls | RSS, MiB | reach |
      |---|---|---|---|---|---|---|---|---|
      """;

  /** The contender that is to reach something. */
  static final String OURS = "mirror";

  private final List<String> lines = new ArrayList<>();

  /** One node alone, without a mirror: the unit of the workload. */
  void addUnit(Workload workload, HerdFigures unit) {
    add("one node alone: " + workload.what, "", unit, unit, "", "");
  }

  /** A herd. */
  void add(HerdRow row, String by, HerdFigures herd, HerdFigures unit) {
    String more = "";
    if (row == HerdRow.JOINING) {
      more = "; %s × the first's".formatted(figure(herd.lastEnd() / herd.firstEnd()));
    } else if (row.fault != Fault.NONE && !row.fault.losesLeader) {
      more = "; others %s".formatted(figure(herd.othersEnd() / unit.lastEnd()));
    }
    add(row.what(), by, herd, unit, more, by.equals(OURS) ? row.reach : "");
  }

  private void add(
      String what, String by, HerdFigures herd, HerdFigures unit, String more, String reach) {
    lines.add(
        "| %s | %s | %s (%s) | %s (%s) | %s (%s%s) | %.0f %% | %d | %s | %s |"
            .formatted(
                what,
                by,
                figure(herd.upstreamBytes() / 1e6),
                figure((double) herd.upstreamBytes() / unit.upstreamBytes()),
                figure(herd.lastByte()),
                figure(herd.lastByte() / unit.lastByte()),
                figure(herd.lastEnd()),
                figure(herd.lastEnd() / unit.lastEnd()),
                more,
                herd.idle() * 100,
                herd.failed(),
                herd.peakMiB() == 0 ? "" : figure(herd.peakMiB()),
                reach));
  }

  /** The line that was added last. */
  String newest() {
    return lines.getLast();
  }

  String markdown() {
    return HEAD + String.join("\n", lines) + "\n";
  }
}
