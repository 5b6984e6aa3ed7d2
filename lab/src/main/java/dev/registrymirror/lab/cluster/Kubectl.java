package dev.registrymirror.lab.cluster;

import dev.registrymirror.lab.machine.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** kubectl, as one user of one API server. */
record Kubectl(Path program, Path kubeconfig) {

  private static final Duration BOUND = Duration.ofMinutes(5);

  /** Runs it; returns what it writes to its standard output. */
  String run(String input, String... arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of(program.toString(), "--kubeconfig", kubeconfig.toString()));
    command.addAll(List.of(arguments));
    // The cache that it shares otherwise may know another server that was at this address.
    Map<String, String> environment =
        Map.of("KUBECACHEDIR", kubeconfig.resolveSibling("kubectl").toString(), "NO_PROXY", "*");
    return Command.output(BOUND, input, environment, command);
  }

  /** The kubeconfig of a user; it holds all that is needed and names no file. */
  static String kubeconfig(URI server, Path ca, User user) {
    try {
      return """
      apiVersion: v1
      kind: Config
      clusters:
      - name: lab
        cluster: {server: "%s", certificate-authority-data: %s}
      users:
      - name: "%3$s"
        user: {token: %4$s}
      contexts:
      - name: lab
        context: {cluster: lab, user: "%3$s"}
      current-context: lab
      """
          .formatted(
              server,
              Base64.getEncoder().encodeToString(Files.readAllBytes(ca)),
              user.name(),
              user.token());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
