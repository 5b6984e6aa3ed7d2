package dev.registrymirror.agent.cli;

import dev.registrymirror.agent.bounds.Bandwidth;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Bytes a second as they are written on the command line: {@code 50M}, {@code 1G}. */
final class Rates {
  private Rates() {}

  private static final Pattern FORM = Pattern.compile("([0-9]{1,6})([KMG])");

  /** The rate, or empty where it is malformed or less than {@link Bandwidth#LEAST}. */
  static OptionalLong tryParse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      return OptionalLong.empty();
    }
    long unit =
        switch (form.group(2)) {
          case "K" -> 1_000;
          case "M" -> 1_000_000;
          default -> 1_000_000_000;
        };
    long rate = Long.parseLong(form.group(1)) * unit;
    return rate >= Bandwidth.LEAST ? OptionalLong.of(rate) : OptionalLong.empty();
  }
}
