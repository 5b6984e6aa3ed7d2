package dev.registrymirror.lab.bench;

import static dev.registrymirror.lab.bench.Bench.say;

import dev.registrymirror.lab.AgentMirror;
import dev.registrymirror.lab.Lab;
import dev.registrymirror.lab.Mirror;
import dev.registrymirror.lab.Node;
import dev.registrymirror.lab.NodeOptions;
import dev.registrymirror.lab.SpegelMirror;
import dev.registrymirror.lab.images.Image;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Many nodes that pull an image that none has: with the mirror, with none, and with Spegel where
 * {@code SPEGEL} names its binary. Each herd is a lab of its own, so that nobody holds anything.
 *
 * <p>One node alone without a mirror, measured by the same means, is the unit of bytes and seconds.
 */
final class HerdBench {

  private final Set<HerdRow> rows;
  private final HerdTable table = new HerdTable();
  private final Map<Workload, HerdFigures> units = new EnumMap<>(Workload.class);

  HerdBench(Set<HerdRow> rows) {
    this.rows = rows;
  }

  /** Measures all rows, one to two minutes each, and returns the table. */
  String measure() {
    Optional<Mirror> spegel = SpegelMirror.find().map(found -> found);
    for (HerdRow row : rows) {
      HerdFigures unit = units.computeIfAbsent(row.workload, this::alone);
      measure(row, HerdTable.OURS, Optional.of(AgentMirror.plain()), unit);
      if (row.isCompared()) {
        measure(row, "no mirror", Optional.empty(), unit);
        spegel.ifPresent(found -> measure(row, "Spegel", Optional.of(found), unit));
      }
    }
    return table.markdown();
  }

  private HerdFigures alone(Workload workload) {
    say("one node alone: " + workload.what);
    try (Lab lab = Lab.create()) {
      Image image = lab.upstream().push(workload.recipe());
      List<Node> nodes = nodes(lab, 1, workload);
      workload.limit(lab);
      HerdFigures unit = new Herd(nodes, image, Fault.NONE, index -> 0).run();
      table.addUnit(workload, unit);
      System.out.println(table.newest());
      return unit;
    }
  }

  private void measure(HerdRow row, String by, Optional<Mirror> mirror, HerdFigures unit) {
    say(row.what() + ", " + by);
    try (Lab lab = Lab.create()) {
      Image image = lab.upstream().push(row.workload.recipe());
      List<Node> nodes = nodes(lab, row.nodes, row.workload);
      if (row.fault == Fault.BLACK_HOLED) {
        Node helper = lab.node("helper", lab.newestContainerd());
        mirror.ifPresent(lab::startMirrors);
        BlackHole.prepare(image, helper, nodes.getFirst());
      } else {
        mirror.ifPresent(lab::startMirrors);
      }
      row.workload.limit(lab);
      table.add(row, by, new Herd(nodes, image, row.fault, row::startSeconds).run(), unit);
      System.out.println(table.newest());
    }
  }

  private static List<Node> nodes(Lab lab, int count, Workload workload) {
    NodeOptions options = workload.node(lab.newestContainerd());
    List<Node> nodes = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      nodes.add(lab.node("n" + i, options));
    }
    return nodes;
  }
}
