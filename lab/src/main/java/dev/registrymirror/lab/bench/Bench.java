package dev.registrymirror.lab.bench;

import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.Tools;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * {@code make bench}: two parts, each with a table at its end. Nothing is asserted but where bytes
 * came from.
 */
public final class Bench {

  private static final String MIRROR = "mirror";
  private static final String HERD = "herd";

  private Bench() {}

  /**
   * Exit code 0 where all was measured, whatever the figures.
   *
   * @param args nothing for both parts, {@code mirror}, {@code herd}, or {@code herd} and those of
   *     its rows that are to be measured
   */
  public static void main(String[] args) {
    String part = args.length == 0 ? "" : args[0];
    Set<HerdRow> rows;
    try {
      rows = part.equals(HERD) && args.length > 1 ? rows(args) : EnumSet.allOf(HerdRow.class);
    } catch (IllegalArgumentException e) {
      part = "?";
      rows = Set.of();
    }
    if (!List.of("", MIRROR, HERD).contains(part)) {
      System.err.println(
          "ARGS=mirror, ARGS=herd, or rows of it: ARGS=\"herd "
              + String.join(" ", Arrays.stream(HerdRow.values()).map(HerdRow::argument).toList())
              + "\"");
      System.exit(2);
    }
    String obstacle = Tools.obstacle();
    if (!obstacle.isEmpty()) {
      System.err.println("no bench can run here: its lab " + obstacle);
      System.exit(1);
    }
    try {
      List<String> tables = new ArrayList<>();
      if (!part.equals(HERD)) {
        tables.add(MirrorBench.measure());
      }
      if (!part.equals(MIRROR)) {
        tables.add(new HerdBench(rows).measure());
      }
      tables.forEach(table -> System.out.println("\n" + table));
    } catch (LabException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  private static Set<HerdRow> rows(String... args) {
    Set<HerdRow> rows = EnumSet.noneOf(HerdRow.class);
    Arrays.stream(args).skip(1).map(HerdRow::of).forEach(rows::add);
    return rows;
  }

  static void say(String what) {
    System.out.println("bench: " + what);
  }
}
