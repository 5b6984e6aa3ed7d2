package dev.registrymirror.agent.cli;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.hosts.TagPolicy;
import dev.registrymirror.agent.oci.Repository;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Makes the records of options out of what was given; options that contradict are refused. */
final class OptionsReader {

  private static final int PEER_PORT = 29_998;
  private static final int METRICS_PORT = 29_997;
  private static final List<String> LOG_LEVELS = List.of("debug", "info", "warn", "error");

  private final Given given;
  private final Machine machine;

  OptionsReader(Given given, Machine machine) {
    this.given = given;
    this.machine = machine;
  }

  ServeOptions serve() throws Misuse {
    MembersOptions members = members();
    InetAddress nodeIp = nodeIp(members);
    return new ServeOptions(
        store(),
        given.text(Options.NODE_NAME, machine.hostName()),
        nodeIp,
        given.text(Options.ZONE, ""),
        given.address(Options.LISTEN, fallbackListen()),
        given.address(Options.PEER_LISTEN, new InetSocketAddress(nodeIp, PEER_PORT)),
        given.address(Options.METRICS_LISTEN, new InetSocketAddress(nodeIp, METRICS_PORT)),
        members,
        peerTls(),
        given.path(Options.CREDENTIAL_FILE),
        given.pathOrFallback(Options.HOSTS_DIR),
        given.pathOrFallback(Options.STATE_DIR),
        tags(),
        new TransferOptions(
            given.number(Options.FAN_OUT, 2, 4),
            given.rate(Options.UPLOAD_LIMIT),
            given.rate(Options.DOWNLOAD_LIMIT)),
        deadlines(),
        logLevel());
  }

  ConfigureOptions configure() throws Misuse {
    List<URI> mirrors = given.mirrors(Options.MIRROR);
    return new ConfigureOptions(
        given.pathOrFallback(Options.HOSTS_DIR),
        given.pathOrFallback(Options.STATE_DIR),
        mirrors.isEmpty() ? List.of(URI.create(Options.MIRROR.fallback())) : mirrors,
        given.texts(
            Options.REGISTRY,
            Repository::isRegistry,
            "a registry's host, such as docker.io or localhost:5000"),
        tags(),
        given.path(Options.CREDENTIAL_FILE),
        logLevel());
  }

  CleanupOptions cleanup() throws Misuse {
    boolean hold = given.flag(Options.HOLD);
    InetAddress nodeIp = nodeIp(new MembersOptions.Seeds(List.of()));
    return new CleanupOptions(
        given.pathOrFallback(Options.HOSTS_DIR),
        given.pathOrFallback(Options.STATE_DIR),
        given.text(Options.NODE_NAME, machine.hostName()),
        hold,
        given.address(Options.METRICS_LISTEN, new InetSocketAddress(nodeIp, METRICS_PORT)),
        logLevel());
  }

  DoctorOptions doctor() throws Misuse {
    return new DoctorOptions(serve(), configure(), given.pathOrFallback(Options.CONTAINERD_CONFIG));
  }

  private StoreOptions store() throws Misuse {
    Optional<Path> layout = given.path(Options.OCI_LAYOUT);
    if (layout.isEmpty()) {
      return new StoreOptions.Containerd(
          given.pathOrFallback(Options.CONTAINERD_SOCKET),
          given.text(Options.CONTAINERD_NAMESPACE, Options.CONTAINERD_NAMESPACE.fallback()),
          given.pathOrFallback(Options.CONTENT_STORE));
    }
    for (Option containerd :
        List.of(Options.CONTAINERD_SOCKET, Options.CONTAINERD_NAMESPACE, Options.CONTENT_STORE)) {
      refuseTogether(Options.OCI_LAYOUT, containerd);
    }
    return new StoreOptions.OciLayout(layout.get());
  }

  private MembersOptions members() throws Misuse {
    refuseTogether(Options.SEEDS, Options.ROSTER_FILE);
    Optional<Path> file = given.path(Options.ROSTER_FILE);
    return file.isPresent()
        ? new MembersOptions.RosterFile(file.get())
        : new MembersOptions.Seeds(given.hosts(Options.SEEDS));
  }

  private InetAddress nodeIp(MembersOptions members) throws Misuse {
    Optional<InetAddress> named = given.ip(Options.NODE_IP);
    if (named.isPresent()) {
      return named.get();
    }
    Optional<InetAddress> listening = given.ipOf(Options.PEER_LISTEN);
    Optional<InetAddress> found =
        listening.filter(address -> !address.isAnyLocalAddress()).or(machine::routedAddress);
    boolean alone = members instanceof MembersOptions.Seeds seeds && seeds.seeds().isEmpty();
    if (found.isEmpty() && !alone) {
      throw new Misuse(
          "no address of this node was found, as there is no default route: give "
              + Options.NODE_IP.name());
    }
    return found.orElse(InetAddress.getLoopbackAddress());
  }

  private static InetSocketAddress fallbackListen() {
    HostAndPort listen = HostAndPort.tryParse(Options.LISTEN.fallback()).orElseThrow();
    return new InetSocketAddress(InetAddress.ofLiteral(listen.host()), listen.port());
  }

  private Optional<PeerTls> peerTls() throws Misuse {
    List<Option> files = List.of(Options.PEER_CERT, Options.PEER_KEY, Options.PEER_CA);
    List<Option> there = files.stream().filter(given::has).toList();
    if (there.isEmpty()) {
      return Optional.empty();
    }
    if (there.size() < files.size()) {
      String missing =
          files.stream()
              .filter(file -> !given.has(file))
              .map(Option::name)
              .collect(Collectors.joining(" and "));
      throw new Misuse(
          given.origin(there.getFirst())
              + " is not enough for mutual TLS: give "
              + missing
              + " too");
    }
    return Optional.of(
        new PeerTls(
            given.pathOrFallback(Options.PEER_CERT),
            given.pathOrFallback(Options.PEER_KEY),
            given.pathOrFallback(Options.PEER_CA)));
  }

  private Deadlines deadlines() throws Misuse {
    Deadlines defaults = Deadlines.DEFAULTS;
    return new Deadlines(
        deadline(Options.CONNECT_TIMEOUT, defaults.connect()),
        deadline(Options.LOOKUP_TIMEOUT, defaults.lookup()),
        deadline(Options.PLACE_TIMEOUT, defaults.place()),
        deadline(Options.FIRST_BYTE_TIMEOUT, defaults.firstByte()),
        deadline(Options.STALL_TIMEOUT, defaults.stall()),
        deadline(Options.FLIGHT_QUIET_TIMEOUT, defaults.flightQuiet()),
        deadline(Options.FLIGHT_WAIT_TIMEOUT, defaults.flightWait()),
        deadline(Options.UPSTREAM_HEAD_TIMEOUT, defaults.upstreamHead()),
        deadline(Options.WHOLE_PULL_TIMEOUT, defaults.wholePull()),
        deadline(Options.DRAIN_TIMEOUT, defaults.drain()));
  }

  private Duration deadline(Option option, Duration fallback) throws Misuse {
    return given.duration(option).orElse(fallback);
  }

  private TagPolicy tags() throws Misuse {
    String text = given.text(Options.TAGS, Options.TAGS.fallback());
    return TagPolicy.of(text)
        .orElseThrow(
            () ->
                given.wrong(
                    Options.TAGS,
                    text,
                    Arrays.stream(TagPolicy.values())
                        .map(TagPolicy::id)
                        .collect(Collectors.joining(", ", "one of ", ""))));
  }

  private String logLevel() throws Misuse {
    String text = given.text(Options.LOG_LEVEL, Options.LOG_LEVEL.fallback());
    if (!LOG_LEVELS.contains(text)) {
      throw given.wrong(Options.LOG_LEVEL, text, "one of " + String.join(", ", LOG_LEVELS));
    }
    return text;
  }

  private void refuseTogether(Option one, Option other) throws Misuse {
    if (given.has(one) && given.has(other)) {
      throw new Misuse(
          given.origin(one) + " and " + given.origin(other) + " contradict: give one of them");
    }
  }
}
