package dev.registrymirror.lab.tools;

import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.LabException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Debian's packages. */
final class Apt {

  private static final Duration BOUND = Duration.ofMinutes(10);

  // RUNLEVEL=1: invoke-rc.d starts no service in single-user mode, so that a package brings its
  // command and no daemon, and nothing of the machine is changed for it.
  private static final Map<String, String> QUIET =
      Map.of("DEBIAN_FRONTEND", "noninteractive", "RUNLEVEL", "1");

  private Apt() {}

  /** Installs packages; asks for newer lists only where the ones at hand do not do. */
  static void install(List<String> packages) {
    if (packages.isEmpty()) {
      return;
    }
    System.out.println("lab: installing from Debian: " + String.join(" ", packages));
    List<String> install =
        new ArrayList<>(
            List.of("apt-get", "install", "-y", "--no-install-recommends", "--no-upgrade"));
    install.addAll(packages);
    try {
      apt(install);
    } catch (LabException listsTooOld) {
      System.out.println("lab: apt-get update first");
      apt(List.of("apt-get", "update"));
      apt(install);
    }
  }

  private static void apt(List<String> command) {
    Command.run(BOUND, "", QUIET, Path.of("/"), command);
  }
}
