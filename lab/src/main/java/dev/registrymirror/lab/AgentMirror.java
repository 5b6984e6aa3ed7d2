package dev.registrymirror.lab;

import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.Containerd;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The project's own mirror: {@code mirror-agent}, found by the system property {@code mirror.agent}
 * or the variable {@code MIRROR_AGENT}, else where the build puts it.
 *
 * @param serveOptions added to those of {@code serve}, where they win over the lab's
 * @param configureOptions added to those of {@code configure}
 */
public record AgentMirror(List<String> serveOptions, List<String> configureOptions)
    implements Mirror {

  /** For containerd. */
  public static final int REGISTRY_PORT = 29999;

  /** For other agents. */
  public static final int PEER_PORT = 29998;

  /** For {@code /metrics}, {@code /readyz}, {@code /status}. */
  public static final int METRICS_PORT = 29997;

  private static final String BUILT = "agent/target/mirror-agent/bin/mirror-agent";

  public AgentMirror {
    serveOptions = List.copyOf(serveOptions);
    configureOptions = List.copyOf(configureOptions);
  }

  /** With the lab's options alone. */
  public static AgentMirror plain() {
    return new AgentMirror(List.of(), List.of());
  }

  /** The launcher, where it has been built. */
  public static Optional<Path> find() {
    return Optional.ofNullable(System.getProperty("mirror.agent"))
        .or(() -> Optional.ofNullable(System.getenv("MIRROR_AGENT")))
        .map(Path::of)
        .or(AgentMirror::built)
        .filter(Files::isExecutable)
        .map(Path::toAbsolutePath);
  }

  private static String launcher() {
    return find()
        .map(Path::toString)
        .orElseThrow(
            () ->
                new LabException(
                    "no mirror-agent: build it with `make build`, or set MIRROR_AGENT to it"));
  }

  // Maven runs tests in the module's directory, people run commands in the repository's.
  private static Optional<Path> built() {
    Path here = Path.of("").toAbsolutePath();
    return Stream.of(here, here.getParent())
        .map(directory -> directory.resolve(BUILT))
        .filter(Files::isExecutable)
        .findFirst();
  }

  @Override
  public String name() {
    return "mirror-agent";
  }

  @Override
  public void configure(Node node) {
    List<String> command = new ArrayList<>();
    command.add(launcher());
    command.add("configure");
    command.addAll(List.of("--hosts-dir", node.hostsDirectory().toString()));
    command.addAll(List.of("--state-dir", node.stateDirectory().toString()));
    command.addAll(List.of("--mirror", "http://" + listen(node)));
    if (!configureOptions.contains("--registry")) {
      command.addAll(List.of("--registry", Upstream.REGISTRY));
    }
    command.addAll(configureOptions);
    node.run(command);
  }

  @Override
  public List<String> command(Node node) {
    List<String> command = new ArrayList<>();
    command.add(launcher());
    command.add("serve");
    option(command, "--containerd-socket", node.containerdSocket().toString());
    option(command, "--content-store", node.contentStore().toString());
    option(command, "--node-name", node.name());
    option(command, "--node-ip", node.address());
    option(command, "--zone", node.options().zone());
    option(command, "--listen", listen(node));
    option(command, "--peer-listen", node.endpoint(PEER_PORT));
    option(command, "--metrics-listen", node.endpoint(METRICS_PORT));
    option(command, "--hosts-dir", node.hostsDirectory().toString());
    option(command, "--state-dir", node.stateDirectory().toString());
    if (!serveOptions.contains("--roster-file")) {
      option(command, "--seeds", seeds(node));
    }
    command.addAll(serveOptions);
    return command;
  }

  /**
   * Where the node's containerd reaches the agent: 1.6 and 1.7 read no hosts.toml in which a host
   * is an IPv6 address, but every node has a loopback of IPv4.
   */
  private static String listen(Node node) {
    boolean readsIpv6 = node.options().containerd() == Containerd.V24;
    return node.address().indexOf(':') < 0 || readsIpv6
        ? node.endpoint(REGISTRY_PORT)
        : "127.0.0.1:" + REGISTRY_PORT;
  }

  private void option(List<String> command, String name, String value) {
    if (!value.isEmpty() && !serveOptions.contains(name)) {
      command.addAll(List.of(name, value));
    }
  }

  private static String seeds(Node node) {
    return node.lab().nodes().stream()
        .map(other -> other.endpoint(PEER_PORT))
        .collect(Collectors.joining(","));
  }

  @Override
  public URI ready(Node node) {
    return node.url(METRICS_PORT, "/readyz");
  }
}
