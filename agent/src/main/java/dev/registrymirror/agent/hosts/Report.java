package dev.registrymirror.agent.hosts;

import java.nio.file.Path;
import java.util.List;

/**
 * What was done to a hosts directory, one entry a file.
 *
 * @param entries in the order in which it was done
 */
public record Report(List<Entry> entries) {

  /** What became of a file. */
  public enum Outcome {
    /** The mirror was put into it. */
    WRITTEN,
    /** It was as it should be. */
    UNCHANGED,
    /** It is as it was before the mirror, byte for byte. */
    RESTORED,
    /** It was not there before the mirror, and is gone again. */
    REMOVED,
    /** Somebody else has changed it since: left as it is. */
    KEPT,
    /** It could not be done; the file is as it was. */
    FAILED
  }

  /**
   * One file.
   *
   * @param detail on one line: why, and for {@link Outcome#FAILED} where and how to mend it; empty
   *     where there is nothing to say
   */
  public record Entry(Path file, Outcome outcome, String detail) {

    @Override
    public String toString() {
      String what = file + ": " + outcome.name().toLowerCase(java.util.Locale.ROOT);
      return detail.isEmpty() ? what : what + ": " + detail;
    }
  }

  public Report {
    entries = List.copyOf(entries);
  }

  /** Whether a file could not be done: exit code 1. */
  public boolean isFailed() {
    return entries.stream().anyMatch(entry -> entry.outcome() == Outcome.FAILED);
  }

  /** Whether any file is another one now. */
  public boolean isChanged() {
    return entries.stream()
        .map(Entry::outcome)
        .anyMatch(
            outcome ->
                outcome == Outcome.WRITTEN
                    || outcome == Outcome.RESTORED
                    || outcome == Outcome.REMOVED);
  }
}
