package dev.registrymirror.lab;

import dev.registrymirror.lab.machine.Cgroups;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.Network;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What a lab or a cluster has on this machine, as the machine tells it. */
public final class Traces {

  private Traces() {}

  /** Namespaces, links, mounts, processes and control groups of what has that directory. */
  public static List<String> of(Path directory) {
    String name = directory.getFileName().toString();
    String prefix = Network.prefix(Integer.parseInt(name.replaceAll("\\D", "")));
    Stream<String> system =
        Stream.of(Command.run("ip", "netns"), Command.run("ip", "-o", "link"), mounts())
            .flatMap(String::lines);
    Stream<String> processes =
        ProcessHandle.allProcesses().flatMap(process -> process.info().commandLine().stream());
    Stream<String> cgroups = Cgroups.named(prefix).stream().map(Path::toString);
    return Stream.of(system, processes, cgroups)
        .flatMap(lines -> lines)
        .filter(line -> line.contains(prefix) || line.contains(directory.toString()))
        .toList();
  }

  private static String mounts() {
    try {
      return Files.readString(Path.of("/proc/self/mounts"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
