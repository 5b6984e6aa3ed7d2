package dev.registrymirror.lab.cluster;

import dev.registrymirror.lab.machine.Cgroups;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.Daemon;
import dev.registrymirror.lab.machine.Ledger;
import dev.registrymirror.lab.machine.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A machine within the machine: network, mount, process, host name and IPC namespaces of its own.
 *
 * <p>Its /etc and /opt are the machine's with what is written in the box on top, its /var is its
 * own, its /run is empty memory; the rest is the machine's. So programs in it have the paths that
 * they have in production, and the machine's files stay as they are. All that was written to /etc,
 * /opt and /var is there again when it is started again, as after a reboot.
 *
 * <p>All in it ends with its first process, and with that its mounts.
 */
final class Box {

  private static final Duration BOUND = Duration.ofMinutes(10);
  private static final String READY = "/run/box-is-ready";
  private static final String PROGRAMS = "/opt/lab/bin";
  private static final String PATH = PROGRAMS + ":/usr/sbin:/usr/bin:/sbin:/bin";

  // kubelet writes these, and they are the whole machine's: in the box they are files.
  private static final Map<String, String> GLOBAL_SYSCTLS =
      Map.of(
          "vm/overcommit_memory", "1",
          "vm/panic_on_oom", "0",
          "kernel/panic", "10",
          "kernel/panic_on_oops", "1",
          "kernel/keys/root_maxkeys", "1000000",
          "kernel/keys/root_maxbytes", "25000000");

  private final String name;
  private final Path directory;
  private final String namespace;
  private final Ledger ledger;
  private final Map<String, Path> bound;
  private Daemon holder;
  private ProcessHandle first;

  /**
   * @param directory for what is written in it
   * @param namespace its network's, and the name of its pods' control group
   * @param programs to be found in its PATH
   * @param bound files and directories of the machine, by where they are to be in the box
   */
  Box(
      String name,
      Path directory,
      String namespace,
      Ledger ledger,
      List<Path> programs,
      Map<String, Path> bound) {
    this.name = name;
    this.directory = directory;
    this.namespace = namespace;
    this.ledger = ledger;
    this.bound = new HashMap<>(bound);
    programs.forEach(program -> this.bound.put(PROGRAMS + "/" + program.getFileName(), program));
    try {
      for (String folder : List.of("etc", "opt", "work/etc", "work/opt", "var/tmp", "var/log")) {
        Files.createDirectories(directory.resolve(folder));
      }
      Files.createDirectories(directory.resolve("var/lib"));
      Files.createSymbolicLink(directory.resolve("var/run"), Path.of("/run"));
      write("/etc/hostname", name + "\n");
      for (Map.Entry<String, Path> mount : this.bound.entrySet()) {
        makeMountPoint(mount.getKey(), Files.isDirectory(mount.getValue()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void makeMountPoint(String path, boolean isDirectory) throws IOException {
    Path point = directory.resolve(path.substring(1));
    Files.createDirectories(isDirectory ? point : point.getParent());
    if (!isDirectory) {
      Files.createFile(point);
    }
  }

  /** Writes a file of its /etc, /opt or /var before it starts. */
  void write(String path, String content) {
    Path file = directory.resolve(path.substring(1));
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts it with nothing in it; returns when programs can be. */
  void start() {
    Cgroups.make(namespace);
    List<String> command = new ArrayList<>();
    command.addAll(List.of("nsenter", "--net=/run/netns/" + namespace));
    command.addAll(List.of("unshare", "--mount", "--pid", "--uts", "--ipc", "--fork"));
    command.addAll(List.of("--mount-proc", "--kill-child", "--propagation", "private"));
    command.addAll(List.of("sh", "-ec", script()));
    Path log = directory.resolve("box.log");
    holder = Daemon.start(name + "'s box", ledger, log, Map.of(), command);
    holder.awaitReady(this::findFirst);
  }

  private boolean findFirst() {
    Optional<ProcessHandle> child = holder.children().findFirst();
    child.ifPresent(process -> first = process);
    return child.isPresent() && Files.exists(path(READY));
  }

  // /var last: the box's directory and the programs may lie below the machine's. Shared, so that
  // containers see what is mounted after their start. The first process waits for those that lost
  // their parents.
  private String script() {
    StringBuilder script = new StringBuilder("hostname " + name + "\n");
    for (String folder : List.of("etc", "opt")) {
      script.append(
          "mount -t overlay overlay -o lowerdir=/%1$s,upperdir=%2$s/%1$s,workdir=%2$s/work/%1$s /%1$s\n"
              .formatted(folder, directory));
    }
    bound.forEach((in, from) -> script.append("mount --bind %s %s\n".formatted(from, in)));
    script.append("mount --bind %s/var /var\nmount -t tmpfs tmpfs /run\n".formatted(directory));
    script.append("mkdir /run/lock /run/netns /run/sysctl\n");
    GLOBAL_SYSCTLS.forEach(
        (sysctl, value) ->
            script.append(
                "echo %3$s > /run/sysctl/%2$s\nmount --bind /run/sysctl/%2$s /proc/sys/%1$s\n"
                    .formatted(sysctl, sysctl.replace('/', '-'), value)));
    script.append("mount --make-rshared /\n: > ").append(READY).append('\n');
    return script.append("while :; do wait; sleep 1; done\n").toString();
  }

  /** A file in it, as this process reaches it. */
  Path path(String inside) {
    return Path.of("/proc/" + first.pid() + "/root" + inside);
  }

  /** Runs a command in it to its end; returns what it wrote. */
  String run(List<String> command) {
    return Command.run(BOUND, "", inside(command));
  }

  /** Starts a program in it. */
  Daemon start(String what, List<String> command) {
    Path log = directory.resolve(what + ".log");
    return Daemon.start(name + "'s " + what, ledger, log, Map.of(), inside(command));
  }

  /** Ends what {@link #start(String, List)} started: SIGTERM. */
  static void terminate(Daemon daemon) {
    // What was started enters the box and stays outside of it; its child is the program.
    daemon.children().forEach(ProcessHandle::destroy);
    daemon.awaitEnd();
  }

  private List<String> inside(List<String> command) {
    List<String> entered = new ArrayList<>();
    entered.addAll(List.of("nsenter", "--target", Long.toString(first.pid())));
    entered.addAll(List.of("--mount", "--pid", "--net", "--uts", "--ipc"));
    // Nothing of this process's environment, such as a proxy, is the box's.
    entered.addAll(List.of("env", "-i", "HOME=/root", "PATH=" + PATH));
    entered.addAll(command);
    return entered;
  }

  /** SIGKILL to all in it, as when the power fails; returns when nothing of it is left. */
  void kill() {
    holder.kill();
    Workspace.kill(List.of(first));
  }
}
