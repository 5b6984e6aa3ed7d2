package dev.registrymirror.agent;

import dev.registrymirror.agent.cli.CommandLineTool;
import dev.registrymirror.agent.cli.DoctorOptions;
import dev.registrymirror.agent.cli.MembersOptions;
import dev.registrymirror.agent.cli.Misuse;
import dev.registrymirror.agent.cli.ServeOptions;
import dev.registrymirror.agent.cli.StoreOptions;
import dev.registrymirror.agent.credentials.Credential;
import dev.registrymirror.agent.credentials.CredentialFile;
import dev.registrymirror.agent.doctor.Doctor;
import dev.registrymirror.agent.doctor.Finding;
import dev.registrymirror.agent.roster.FileRoster;
import dev.registrymirror.agent.store.containerd.ContainerdVersion;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** {@code doctor}: prints a line for each finding. */
final class Examination {

  private final PrintStream out;

  Examination(PrintStream out) {
    this.out = out;
  }

  /** Exit code 1 where something stands in the way of sharing. */
  int run(DoctorOptions options) throws Misuse {
    ServeOptions serve = options.serve();
    if (!(serve.store() instanceof StoreOptions.Containerd containerd)) {
      throw new Misuse("doctor looks into containerd and its files: leave out --oci-layout");
    }
    List<Finding> findings = new ArrayList<>();
    Doctor.Node node =
        new Doctor.Node(
            containerd.socket(),
            containerd.contentStore(),
            options.containerdConfig(),
            serve.hostsDir(),
            serve.stateDir(),
            // What is there is held against what configure was told, whatever it was.
            Optional.empty(),
            credential(serve),
            serve.listen(),
            peers(serve, findings),
            serve.deadlines().connect());
    try (Network network = Network.open()) {
      Doctor.ContainerdProbe version =
          socket ->
              "containerd "
                  + ContainerdVersion.ask(network.group(), socket, containerd.namespace());
      findings.addAll(new Doctor(node, version).examine());
      findings.forEach(out::println);
      return Doctor.exitCode(findings);
    }
  }

  private static Optional<Credential> credential(ServeOptions options) throws Misuse {
    if (options.credentialFile().isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(CredentialFile.open(options.credentialFile().get()).first());
    } catch (IOException e) {
      throw new Misuse("--credential-file: " + CommandLineTool.describe(e));
    }
  }

  /** The others: this node's own agent may well not run yet. */
  private static List<InetSocketAddress> peers(ServeOptions options, List<Finding> findings) {
    return members(options.members(), findings)
        .filter(member -> !isSelf(member, options))
        .distinct()
        .toList();
  }

  private static Stream<InetSocketAddress> members(MembersOptions options, List<Finding> findings) {
    return switch (options) {
      case MembersOptions.Seeds seeds ->
          seeds.seeds().stream().map(seed -> new InetSocketAddress(seed.host(), seed.port()));
      case MembersOptions.RosterFile file -> {
        try {
          yield FileRoster.read(file.file()).stream()
              .map(peer -> new InetSocketAddress(peer.host(), peer.port()));
        } catch (IOException e) {
          findings.add(
              new Finding(
                  "roster",
                  Finding.Verdict.PROBLEM,
                  file.file() + ": " + CommandLineTool.describe(e),
                  "name the roster's file with --roster-file; in a container mount its directory"));
          yield Stream.empty();
        }
      }
    };
  }

  private static boolean isSelf(InetSocketAddress member, ServeOptions options) {
    return options.nodeIp().equals(member.getAddress())
        && options.peerListen().getPort() == member.getPort();
  }
}
