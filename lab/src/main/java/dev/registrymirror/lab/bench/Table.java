package dev.registrymirror.lab.bench;

import dev.registrymirror.lab.bench.Figure.Side;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** All that was measured, as Markdown: medians, with the least and the most in brackets. */
final class Table {

  private final Map<Figure, Map<Side, List<Double>>> cells = new EnumMap<>(Figure.class);

  void add(Figure figure, Side side, double value) {
    cells
        .computeIfAbsent(figure, row -> new EnumMap<>(Side.class))
        .computeIfAbsent(side, column -> new ArrayList<>())
        .add(value);
  }

  /** Empty where nothing was measured. */
  Optional<Samples> samples(Figure figure, Side side) {
    return Optional.ofNullable(cells.getOrDefault(figure, Map.of()).get(side)).map(Samples::new);
  }

  String markdown() {
    StringBuilder text = new StringBuilder("| | unit |");
    for (Side side : Side.values()) {
      text.append(' ').append(side.heading).append(" |");
    }
    text.append(" ratio | reach |\n|---|---|").append("---|".repeat(Side.values().length + 2));
    for (Figure figure : Figure.values()) {
      text.append("\n| ").append(figure.what).append(" | ").append(figure.unit).append(" |");
      for (Side side : Side.values()) {
        cell(text, samples(figure, side));
      }
      cell(text, ratio(figure));
      text.append(' ').append(figure.reach).append(" |");
    }
    return text.append('\n').toString();
  }

  private Optional<Samples> ratio(Figure figure) {
    return figure
        .comparedWith()
        .flatMap(other -> samples(figure, other))
        .flatMap(theirs -> samples(figure, Side.MIRROR).map(ours -> ours.dividedBy(theirs)));
  }

  private static void cell(StringBuilder text, Optional<Samples> samples) {
    samples.ifPresent(
        s ->
            text.append(
                s.values().size() == 1
                    ? " " + figure(s.median())
                    : " %s (%s–%s)"
                        .formatted(figure(s.median()), figure(s.min()), figure(s.max()))));
    text.append(" |");
  }

  // Three digits that count: the noise leaves no more.
  static String figure(double value) {
    int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
