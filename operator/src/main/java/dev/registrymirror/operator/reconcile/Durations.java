package dev.registrymirror.operator.reconcile;

import java.time.Duration;
import java.util.Locale;

/** Times as in the spec: {@code 1h}, {@code 10m}, {@code 1m30s}. */
final class Durations {

  private Durations() {}

  /** The API server has refused any other form. */
  static Duration parse(String text) {
    return Duration.parse("PT" + text.toUpperCase(Locale.ROOT));
  }
}
