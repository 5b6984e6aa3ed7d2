package dev.registrymirror.agent.cli;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as they are written on the command line: {@code 500ms}, {@code 2s}, {@code 1m}. */
final class Durations {
  private Durations() {}

  /** Longer waits than containerd's own patience (about 310 s) would not be deadlines. */
  static final Duration MAX = Duration.ofMinutes(5);

  private static final Pattern FORM = Pattern.compile("([0-9]{1,6})(ms|s|m)");

  /** The duration, or empty where it is malformed, zero or longer than {@link #MAX}. */
  static Optional<Duration> tryParse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      return Optional.empty();
    }
    long amount = Long.parseLong(form.group(1));
    Duration duration =
        switch (form.group(2)) {
          case "ms" -> Duration.ofMillis(amount);
          case "s" -> Duration.ofSeconds(amount);
          default -> Duration.ofMinutes(amount);
        };
    return duration.isPositive() && duration.compareTo(MAX) <= 0
        ? Optional.of(duration)
        : Optional.empty();
  }

  static String format(Duration duration) {
    return duration.toMillis() % 1000 == 0
        ? duration.toSeconds() + "s"
        : duration.toMillis() + "ms";
  }
}
