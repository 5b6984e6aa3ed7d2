package dev.registrymirror.lab.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * What all of the machine's processors have done since it started, in ticks, as proc(5) tells of
 * {@code /proc/stat}.
 *
 * @param idle with nothing to do, or nothing but to wait for a disk
 */
record Cpu(long idle, long total) {

  /** {@code cpu user nice system idle iowait irq softirq steal guest guest_nice}. */
  private static final int IDLE = 4;

  private static final int IOWAIT = 5;
  private static final int STEAL = 8;

  static Cpu now() {
    try (var lines = Files.lines(Path.of("/proc/stat"))) {
      String[] fields = lines.findFirst().orElseThrow().split(" +");
      // A guest's time is in the user's already.
      long total = Arrays.stream(fields, 1, STEAL + 1).mapToLong(Long::parseLong).sum();
      return new Cpu(Long.parseLong(fields[IDLE]) + Long.parseLong(fields[IOWAIT]), total);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The idle share from then to now, 0 to 1. */
  double idleSince(Cpu then) {
    return (double) (idle - then.idle) / Math.max(1, total - then.total);
  }
}
