package dev.registrymirror.lab.bench;

import java.util.ArrayList;
import java.util.List;

/** What was measured again and again: any unit, at least one sample. */
record Samples(List<Double> values) {

  Samples {
    if (values.isEmpty()) {
      throw new IllegalArgumentException("no samples");
    }
    values = List.copyOf(values);
  }

  double median() {
    return percentile(50);
  }

  double min() {
    return percentile(0);
  }

  double max() {
    return percentile(100);
  }

  /** The smallest sample that {@code percent} of all are not above (nearest rank). */
  double percentile(int percent) {
    List<Double> sorted = values.stream().sorted().toList();
    int rank = (int) Math.ceil(percent / 100.0 * sorted.size());
    return sorted.get(Math.max(0, rank - 1));
  }

  /**
   * Sample by sample, what was measured right after one another: the machine's noise touches both.
   */
  Samples dividedBy(Samples others) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(values.size(), others.values.size()); i++) {
      ratios.add(values.get(i) / others.values.get(i));
    }
    return new Samples(ratios);
  }
}
