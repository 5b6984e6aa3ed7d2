package dev.registrymirror.agent.doctor;

import java.util.Locale;

/**
 * What one check found.
 *
 * @param check what was looked at, in a word or two
 * @param detail what is there, on one line
 * @param mend what to do; empty where nothing is to be done
 */
public record Finding(String check, Verdict verdict, String detail, String mend) {

  /** Whether it stands in the way of sharing on this node. */
  public enum Verdict {
    OK,
    PROBLEM,
    /** It cannot be told from here; the detail says why. */
    UNKNOWN
  }

  static Finding ok(String check, String detail) {
    return new Finding(check, Verdict.OK, detail, "");
  }

  static Finding problem(String check, String detail, String mend) {
    return new Finding(check, Verdict.PROBLEM, detail, mend);
  }

  static Finding unknown(String check, String detail, String mend) {
    return new Finding(check, Verdict.UNKNOWN, detail, mend);
  }

  /** One line: {@code problem port: 10.0.0.11:29999 is taken by another program; mend: …}. */
  @Override
  public String toString() {
    String line = "%-8s %s: %s".formatted(verdict.name().toLowerCase(Locale.ROOT), check, detail);
    String whole = mend.isEmpty() ? line : line + "; mend: " + mend;
    // What others wrote into files or answered may hold line ends.
    return whole.replaceAll("\\s*\\R\\s*", " ");
  }
}
