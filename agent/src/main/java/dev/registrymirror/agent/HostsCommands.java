package dev.registrymirror.agent;

import dev.registrymirror.agent.cli.CleanupOptions;
import dev.registrymirror.agent.cli.CommandLineTool;
import dev.registrymirror.agent.cli.ConfigureOptions;
import dev.registrymirror.agent.cli.Misuse;
import dev.registrymirror.agent.credentials.Credential;
import dev.registrymirror.agent.credentials.CredentialFile;
import dev.registrymirror.agent.hosts.HostsDirectory;
import dev.registrymirror.agent.hosts.HostsSettings;
import dev.registrymirror.agent.hosts.Report;
import dev.registrymirror.agent.hosts.UnusableDirectoryException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;

/** {@code configure} and {@code cleanup}: prints a line for each file. */
final class HostsCommands {

  private final PrintStream out;

  HostsCommands(PrintStream out) {
    this.out = out;
  }

  /** Exit code 1 where a file could not be done; the others are done all the same. */
  int configure(ConfigureOptions options) throws IOException, Misuse {
    Optional<Credential> credential = Optional.empty();
    if (options.credentialFile().isPresent()) {
      credential = Optional.of(credential(options.credentialFile().get()));
    }
    try {
      HostsSettings settings =
          new HostsSettings(options.mirrors(), options.registries(), options.tags(), credential);
      return print(
          new HostsDirectory(options.hostsDir(), options.stateDir(), settings).configure());
    } catch (UnusableDirectoryException | IllegalArgumentException e) {
      throw new Misuse(e.getMessage());
    }
  }

  /** The same; with {@code hold} it stays, and tries again what could not be restored. */
  int cleanup(CleanupOptions options) throws IOException, InterruptedException, Misuse {
    try {
      HostsDirectory directory = HostsDirectory.forCleanup(options.hostsDir(), options.stateDir());
      Report report = directory.cleanup();
      int code = print(report);
      if (options.hold()) {
        try (Hold hold = Hold.start(options.metricsListen(), options.nodeName(), report)) {
          hold.untilTerminated(directory::cleanup);
        }
      }
      return code;
    } catch (UnusableDirectoryException e) {
      throw new Misuse(e.getMessage());
    }
  }

  private static Credential credential(Path file) throws Misuse {
    try {
      return CredentialFile.open(file).first();
    } catch (IOException e) {
      throw new Misuse("--credential-file: " + CommandLineTool.describe(e));
    }
  }

  private int print(Report report) {
    report.entries().forEach(out::println);
    return report.isFailed() ? CommandLineTool.FAILED : CommandLineTool.DONE;
  }
}
