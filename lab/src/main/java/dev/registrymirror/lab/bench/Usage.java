package dev.registrymirror.lab.bench;

import dev.registrymirror.lab.machine.Daemon;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a daemon and its children have used, as proc(5) tells.
 *
 * @param cpuSeconds since their start, in user and kernel mode; counted in steps of 10 ms
 * @param residentMiB VmRSS
 * @param anonymousMiB RssAnon: what is not mapped from files, which processes of one image share
 * @param peakMiB VmHWM: the most that was ever resident
 */
record Usage(double cpuSeconds, double residentMiB, double anonymousMiB, double peakMiB) {

  // USER_HZ, which is 100 on all that Linux runs on here.
  private static final double TICKS_PER_SECOND = 100;

  /** After the command's name in brackets: state is the first field, utime the 12th. */
  private static final int UTIME = 11;

  private static final int STIME = 12;

  static Usage of(Daemon daemon) {
    ProcessHandle process = ProcessHandle.of(daemon.pid()).orElseThrow();
    return Stream.concat(Stream.of(process), process.descendants())
        .map(part -> read(Path.of("/proc", Long.toString(part.pid()))))
        .reduce(Usage::plus)
        .orElseThrow();
  }

  Usage plus(Usage other) {
    return new Usage(
        cpuSeconds + other.cpuSeconds,
        residentMiB + other.residentMiB,
        anonymousMiB + other.anonymousMiB,
        peakMiB + other.peakMiB);
  }

  private static Usage read(Path process) {
    try {
      String stat = Files.readString(process.resolve("stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      List<String> status = Files.readAllLines(process.resolve("status"));
      return new Usage(
          (Long.parseLong(fields[UTIME]) + Long.parseLong(fields[STIME])) / TICKS_PER_SECOND,
          mebibytes(status, "VmRSS:"),
          mebibytes(status, "RssAnon:"),
          mebibytes(status, "VmHWM:"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double mebibytes(List<String> status, String key) {
    return status.stream()
        .filter(line -> line.startsWith(key))
        .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
        .findFirst()
        .orElseThrow();
  }
}
