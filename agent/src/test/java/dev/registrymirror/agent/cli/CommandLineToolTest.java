package dev.registrymirror.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.hosts.TagPolicy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineToolTest {

  private final Map<String, String> environment = new HashMap<>();
  private final Recorder commands = new Recorder();
  private Optional<InetAddress> routed = Optional.of(InetAddress.ofLiteral("10.0.0.11"));
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void servesWithDefaultsWhereNothingIsGiven() {
    int code = run("serve");

    assertThat(code).isZero();
    assertThat(commands.serve)
        .isEqualTo(
            new ServeOptions(
                new StoreOptions.Containerd(
                    Path.of("/run/containerd/containerd.sock"),
                    "k8s.io",
                    Path.of("/var/lib/containerd/io.containerd.content.v1.content")),
                "node-a",
                InetAddress.ofLiteral("10.0.0.11"),
                "",
                address("127.0.0.1", 29_999),
                address("10.0.0.11", 29_998),
                address("10.0.0.11", 29_997),
                new MembersOptions.Seeds(List.of()),
                Optional.empty(),
                Optional.empty(),
                Path.of("/etc/containerd/certs.d"),
                Path.of("/var/lib/registry-mirror"),
                TagPolicy.REVALIDATE,
                TransferOptions.DEFAULTS,
                Deadlines.DEFAULTS,
                "info"));
  }

  /** An option of {@code serve}, a value, and what it becomes. */
  static Stream<Arguments> serveOptions() {
    return Stream.of(
        serve(
            "--containerd-socket",
            "/a/c.sock",
            options -> containerd(options).socket(),
            Path.of("/a/c.sock")),
        serve("--containerd-namespace", "moby", options -> containerd(options).namespace(), "moby"),
        serve(
            "--content-store",
            "/a/content",
            options -> containerd(options).contentStore(),
            Path.of("/a/content")),
        serve(
            "--oci-layout",
            "/a/layout",
            ServeOptions::store,
            new StoreOptions.OciLayout(Path.of("/a/layout"))),
        serve("--node-name", "node-b", ServeOptions::nodeName, "node-b"),
        serve("--node-ip", "fd00::11", ServeOptions::nodeIp, InetAddress.ofLiteral("fd00::11")),
        serve("--zone", "zone-1", ServeOptions::zone, "zone-1"),
        serve("--listen", "[fd00::11]:2999", ServeOptions::listen, address("fd00::11", 2_999)),
        serve("--peer-listen", "0.0.0.0:0", ServeOptions::peerListen, address("0.0.0.0", 0)),
        serve(
            "--metrics-listen",
            "10.0.0.12:65535",
            ServeOptions::metricsListen,
            address("10.0.0.12", 65_535)),
        serve(
            "--seeds",
            "10.0.0.12:29998,[fd00::12]:29998,agents:1",
            ServeOptions::members,
            new MembersOptions.Seeds(
                List.of(
                    new HostAndPort("10.0.0.12", 29_998),
                    new HostAndPort("fd00::12", 29_998),
                    new HostAndPort("agents", 1)))),
        serve(
            "--roster-file",
            "/a/roster",
            ServeOptions::members,
            new MembersOptions.RosterFile(Path.of("/a/roster"))),
        serve(
            "--credential-file",
            "/a/credentials",
            ServeOptions::credentialFile,
            Optional.of(Path.of("/a/credentials"))),
        serve("--hosts-dir", "/a/certs.d", ServeOptions::hostsDir, Path.of("/a/certs.d")),
        serve("--state-dir", "/a/state", ServeOptions::stateDir, Path.of("/a/state")),
        serve("--tags", "never", ServeOptions::tags, TagPolicy.NEVER),
        serve("--log-level", "debug", ServeOptions::logLevel, "debug"),
        serve("--fan-out", "4", ServeOptions::transfers, new TransferOptions(4, 0, 0)),
        serve(
            "--upload-limit",
            "50M",
            ServeOptions::transfers,
            new TransferOptions(2, 50_000_000, 0)),
        serve(
            "--download-limit",
            "1000K",
            ServeOptions::transfers,
            new TransferOptions(2, 0, 1_000_000)),
        deadline("--connect-timeout", Deadlines::connect),
        deadline("--lookup-timeout", Deadlines::lookup),
        deadline("--place-timeout", Deadlines::place),
        deadline("--flight-quiet-timeout", Deadlines::flightQuiet),
        deadline("--flight-wait-timeout", Deadlines::flightWait),
        deadline("--first-byte-timeout", Deadlines::firstByte),
        deadline("--stall-timeout", Deadlines::stall),
        deadline("--upstream-head-timeout", Deadlines::upstreamHead),
        deadline("--whole-pull-timeout", Deadlines::wholePull),
        deadline("--drain-timeout", Deadlines::drain));
  }

  @ParameterizedTest
  @MethodSource("serveOptions")
  void readsEachOptionOfServe(
      String option, String value, Function<ServeOptions, Object> reading, Object expected) {
    int code = run("serve", option, value);

    assertThat(code).as(err.toString(StandardCharsets.UTF_8)).isZero();
    assertThat(reading.apply(commands.serve)).isEqualTo(expected);
  }

  @ParameterizedTest
  @MethodSource("serveOptions")
  void readsEachOptionOfServeFromTheEnvironment(
      String option, String value, Function<ServeOptions, Object> reading, Object expected) {
    environment.put(variable(option), value);

    int code = run("serve");

    assertThat(code).as(err.toString(StandardCharsets.UTF_8)).isZero();
    assertThat(reading.apply(commands.serve)).isEqualTo(expected);
  }

  @Test
  void everyOptionOfServeIsTested() {
    List<String> tls = List.of("--peer-cert", "--peer-key", "--peer-ca");
    assertThat(Options.SERVE)
        .extracting(Option::name)
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(serveOptions().map(each -> (String) each.get()[0]), tls.stream())
                .toList());
  }

  @Test
  void theOptionWinsOverItsEnvironmentVariable() {
    environment.put("MIRROR_ZONE", "from-environment");
    environment.put("MIRROR_SEEDS", "10.0.0.12:1,10.0.0.13:1");

    run("serve", "--zone=from-option", "--seeds=10.0.0.14:1");

    assertThat(commands.serve.zone()).isEqualTo("from-option");
    assertThat(commands.serve.members())
        .isEqualTo(new MembersOptions.Seeds(List.of(new HostAndPort("10.0.0.14", 1))));
  }

  @Test
  void anEmptyEnvironmentVariableIsNotGiven() {
    environment.put("MIRROR_OCI_LAYOUT", "");
    environment.put("MIRROR_SEEDS", "");

    int code = run("serve", "--containerd-socket=/a/c.sock", "--roster-file=/a/roster");

    assertThat(code).isZero();
  }

  @Test
  void servesAndCleansUpByEnvironmentAlone() {
    environment.put("MIRROR_NODE_NAME", "node-a");
    environment.put("MIRROR_NODE_IP", "10.0.0.11");
    environment.put("MIRROR_LISTEN", "0.0.0.0:29999");
    environment.put("MIRROR_METRICS_LISTEN", "10.0.0.11:30000");
    environment.put("MIRROR_ROSTER_FILE", "/a/roster/roster.json");
    environment.put("MIRROR_PEER_CERT", "/a/tls/tls.crt");
    environment.put("MIRROR_PEER_KEY", "/a/tls/tls.key");
    environment.put("MIRROR_PEER_CA", "/a/tls/ca.crt");
    environment.put("MIRROR_CREDENTIAL_FILE", "/a/credential/credential");
    environment.put("MIRROR_STATE_DIR", "/a/state");
    environment.put("MIRROR_HOLD", "true");

    run("serve");
    run("cleanup");

    assertThat(commands.serve.nodeName()).isEqualTo("node-a");
    assertThat(commands.serve.peerListen()).isEqualTo(address("10.0.0.11", 29_998));
    assertThat(commands.serve.metricsListen()).isEqualTo(address("10.0.0.11", 30_000));
    assertThat(commands.serve.members())
        .isEqualTo(new MembersOptions.RosterFile(Path.of("/a/roster/roster.json")));
    assertThat(commands.serve.peerTls()).isPresent();
    assertThat(commands.serve.credentialFile()).contains(Path.of("/a/credential/credential"));
    assertThat(commands.cleanup)
        .isEqualTo(
            new CleanupOptions(
                Path.of("/etc/containerd/certs.d"),
                Path.of("/a/state"),
                "node-a",
                true,
                address("10.0.0.11", 30_000),
                "info"));
  }

  @Test
  void repeatedOptionsAddUp() {
    run("serve", "--seeds=10.0.0.12:1", "--seeds", "10.0.0.13:1,10.0.0.14:1");

    assertThat(commands.serve.members())
        .isEqualTo(
            new MembersOptions.Seeds(
                List.of(
                    new HostAndPort("10.0.0.12", 1),
                    new HostAndPort("10.0.0.13", 1),
                    new HostAndPort("10.0.0.14", 1))));
  }

  @Test
  void mutualTlsTakesThreeFiles() {
    run("serve", "--peer-cert=/a/crt", "--peer-key=/a/key", "--peer-ca=/a/ca");

    assertThat(commands.serve.peerTls())
        .contains(new PeerTls(Path.of("/a/crt"), Path.of("/a/key"), Path.of("/a/ca")));
  }

  @Test
  void theNodesAddressIsTheOneItListensOnForPeers() {
    run("serve", "--peer-listen=10.0.0.12:29998");

    assertThat(commands.serve.nodeIp()).isEqualTo(InetAddress.ofLiteral("10.0.0.12"));
    assertThat(commands.serve.metricsListen()).isEqualTo(address("10.0.0.12", 29_997));
  }

  @Test
  void theNodesAddressIsTheDefaultRoutesWhereItListensOnAll() {
    run("serve", "--peer-listen=0.0.0.0:29998");

    assertThat(commands.serve.nodeIp()).isEqualTo(InetAddress.ofLiteral("10.0.0.11"));
  }

  @Test
  void aNodeAloneNeedsNoRoute() {
    routed = Optional.empty();

    int code = run("serve");

    assertThat(code).isZero();
    assertThat(commands.serve.nodeIp().isLoopbackAddress()).isTrue();
  }

  @Test
  void aNodeAmongOthersNeedsAnAddress() {
    routed = Optional.empty();

    int code = run("serve", "--seeds=10.0.0.12:29998");

    assertMisuse(code, "give --node-ip");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--fan-out=1",
        "--fan-out=5",
        "--fan-out=two",
        "--upload-limit=50",
        "--upload-limit=999K",
        "--download-limit=1T",
        "--download-limit=-1M"
      })
  void refusesWhatIsNoFanOutAndNoRate(String option) {
    int code = run("serve", option);

    assertMisuse(code, option.substring(0, option.indexOf('=')));
  }

  @Test
  void configuresWithDefaultsWhereNothingIsGiven() {
    run("configure");

    assertThat(commands.configure)
        .isEqualTo(
            new ConfigureOptions(
                Path.of("/etc/containerd/certs.d"),
                Path.of("/var/lib/registry-mirror"),
                List.of(URI.create("http://127.0.0.1:29999")),
                List.of(),
                TagPolicy.REVALIDATE,
                Optional.empty(),
                "info"));
  }

  private static final ConfigureOptions CONFIGURED =
      new ConfigureOptions(
          Path.of("/a/certs.d"),
          Path.of("/a/state"),
          List.of(URI.create("http://10.0.0.11:29999"), URI.create("http://[fd00::11]:29999")),
          List.of("docker.io", "localhost:5000"),
          TagPolicy.SERVE,
          Optional.of(Path.of("/a/credentials")),
          "warn");

  @Test
  void readsEachOptionOfConfigure() {
    run(
        "configure",
        "--hosts-dir=/a/certs.d",
        "--state-dir=/a/state",
        "--mirror=http://10.0.0.11:29999",
        "--mirror=http://[fd00::11]:29999",
        "--registry=docker.io",
        "--registry=localhost:5000",
        "--tags=serve",
        "--credential-file=/a/credentials",
        "--log-level=warn");

    assertThat(commands.configure).isEqualTo(CONFIGURED);
  }

  @Test
  void readsEachOptionOfConfigureFromTheEnvironment() {
    environment.put("MIRROR_HOSTS_DIR", "/a/certs.d");
    environment.put("MIRROR_STATE_DIR", "/a/state");
    environment.put("MIRROR_MIRROR", "http://10.0.0.11:29999,http://[fd00::11]:29999");
    environment.put("MIRROR_REGISTRY", "docker.io,localhost:5000");
    environment.put("MIRROR_TAGS", "serve");
    environment.put("MIRROR_CREDENTIAL_FILE", "/a/credentials");
    environment.put("MIRROR_LOG_LEVEL", "warn");

    run("configure");

    assertThat(commands.configure).isEqualTo(CONFIGURED);
  }

  @Test
  void cleansUpAndHolds() {
    run("cleanup", "--hosts-dir=/a/certs.d", "--state-dir=/a/state", "--hold");

    assertThat(commands.cleanup)
        .isEqualTo(
            new CleanupOptions(
                Path.of("/a/certs.d"),
                Path.of("/a/state"),
                "node-a",
                true,
                address("10.0.0.11", 29_997),
                "info"));
  }

  @Test
  void holdsByEnvironment() {
    environment.put("MIRROR_HOLD", "true");

    run("cleanup");

    assertThat(commands.cleanup.hold()).isTrue();
  }

  @Test
  void cleansUpAndEnds() {
    run("cleanup");

    assertThat(commands.cleanup.hold()).isFalse();
  }

  @Test
  void theDoctorTakesTheOptionsOfServeAndConfigure() {
    run(
        "doctor",
        "--containerd-config=/a/config.toml",
        "--oci-layout=/a/layout",
        "--mirror=http://10.0.0.11:29999",
        "--hosts-dir=/a/certs.d");

    assertThat(commands.doctor.containerdConfig()).isEqualTo(Path.of("/a/config.toml"));
    assertThat(commands.doctor.serve().store())
        .isEqualTo(new StoreOptions.OciLayout(Path.of("/a/layout")));
    assertThat(commands.doctor.serve().hostsDir()).isEqualTo(Path.of("/a/certs.d"));
    assertThat(commands.doctor.configure().hostsDir()).isEqualTo(Path.of("/a/certs.d"));
    assertThat(commands.doctor.configure().mirrors())
        .containsExactly(URI.create("http://10.0.0.11:29999"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "                                        | no command; one of serve, configure",
        "serf                                    | unexpected argument 'serf'",
        "serve more                              | unexpected argument 'more'",
        "configure --registry docker.io more     | unexpected argument 'more'",
        "serve @more                             | unexpected argument '@more'",
        "serve --node-iq=1                       | did you mean --node-ip?",
        "serve --hold                            | unknown option '--hold'",
        "cleanup --hold=true                     | did you mean --hold?",
        "configure --seeds=10.0.0.1:1            | unknown option '--seeds=10.0.0.1:1'",
        "serve --zone                            | parameter for option '--zone'",
        "serve --zone=a --zone=b                 | only once",
        "serve --listen=29999                    | --listen: '29999' is not IP:PORT or :PORT, such"
            + " as",
        "serve --listen=localhost:29999          | 'localhost:29999' is not IP:PORT",
        "serve --listen=10.0.0.1:65536           | '10.0.0.1:65536' is not IP:PORT",
        "serve --listen=fd00::1:29999            | 'fd00::1:29999' is not IP:PORT",
        "serve --peer-listen=10.0.0.1            | --peer-listen: '10.0.0.1' is not IP:PORT",
        "serve --metrics-listen=:x               | --metrics-listen: ':x' is not IP:PORT",
        "serve --node-ip=node-a                  | --node-ip: 'node-a' is not the IP address",
        "serve --node-ip=0.0.0.0                 | '0.0.0.0' is not the IP address of a node",
        "serve --seeds=10.0.0.1                  | --seeds: '10.0.0.1' is not HOST:PORT",
        "serve --seeds=10.0.0.1:0                | '10.0.0.1:0' is not HOST:PORT",
        "serve --seeds=10.0.0.1:1,,10.0.0.2:1    | --seeds: '' is not HOST:PORT",
        "serve --stall-timeout=5                 | --stall-timeout: '5' is not a time from 1ms",
        "serve --stall-timeout=0s                | '0s' is not a time",
        "serve --stall-timeout=6m                | '6m' is not a time from 1ms to 5m",
        "serve --stall-timeout=-1s               | '-1s' is not a time",
        "serve --tags=always                     | 'always' is not one of revalidate, serve, never",
        "serve --log-level=trace                 | 'trace' is not one of debug, info, warn, error",
        "serve --peer-cert=/a                    | give --peer-key and --peer-ca too",
        "serve --peer-key=/a --peer-ca=/a        | --peer-key is not enough for mutual TLS",
        "serve --seeds=a:1 --roster-file=/a      | --seeds and --roster-file contradict",
        "serve --oci-layout=/a --containerd-socket=/b    | --oci-layout and --containerd-socket",
        "serve --oci-layout=/a --containerd-namespace=b  | --oci-layout and --containerd-namespace",
        "serve --oci-layout=/a --content-store=/b        | --oci-layout and --content-store",
        "configure --mirror=10.0.0.1:29999       | --mirror: '10.0.0.1:29999' is not http://IP",
        "configure --mirror=http://10.0.0.1:1/v2 | 'http://10.0.0.1:1/v2' is not http://IP:PORT",
        "configure --mirror=http://u@10.0.0.1:1  | 'http://u@10.0.0.1:1' is not http://IP:PORT",
        "configure --registry=https://docker.io  | 'https://docker.io' is not a registry's host",
        "configure --registry=../etc             | '../etc' is not a registry's host",
        "doctor --log-level=loud                 | 'loud' is not one of debug",
      })
  void wrongUseIsOneLineThatSaysHowToMendIt(String line, String expected) {
    int code = run(line == null ? new String[0] : line.split(" "));

    assertMisuse(code, expected);
  }

  @Test
  void wrongUseNamesTheVariableThatItCameFrom() {
    environment.put("MIRROR_SEEDS", "a:1");

    int code = run("serve", "--roster-file=/a");

    assertMisuse(code, "MIRROR_SEEDS and --roster-file contradict");
  }

  @Test
  void aWrongVariableIsNamed() {
    environment.put("MIRROR_HOLD", "yes");

    int code = run("cleanup");

    assertMisuse(code, "MIRROR_HOLD: 'yes' is not true or false");
  }

  static final List<String> commandNames = List.of("serve", "configure", "cleanup", "doctor");

  @ParameterizedTest
  @FieldSource("commandNames")
  void aFailureIsOneLineAndOne(String command) {
    commands.failure = new IOException("port 29999 is taken\nby another");

    int code = run(command);

    assertThat(code).isEqualTo(CommandLineTool.FAILED);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .isEqualTo("mirror-agent " + command + ": port 29999 is taken by another\n");
  }

  @ParameterizedTest
  @FieldSource("commandNames")
  void aBodyMayFindWrongUseToo(String command) {
    commands.failure = new Misuse("--hosts-dir: no");

    int code = run(command);

    assertMisuse(code, "mirror-agent " + command + ": --hosts-dir: no");
  }

  @ParameterizedTest
  @FieldSource("commandNames")
  void helpRunsNothingAndShowsEveryOption(String command) {
    environment.put("MIRROR_TAGS", "nonsense");

    int code = run(command, "--help");

    assertThat(code).isZero();
    assertThat(commands.ran()).isFalse();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .startsWith("Usage: mirror-agent " + command + " [OPTIONS]\n");
    assertThat(out.toString(StandardCharsets.UTF_8).lines())
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(100));
    List<Option> options =
        switch (command) {
          case "serve" -> Options.SERVE;
          case "configure" -> Options.CONFIGURE;
          case "cleanup" -> Options.CLEANUP;
          default -> Options.DOCTOR;
        };
    assertThat(options)
        .allSatisfy(
            option ->
                assertThat(out.toString(StandardCharsets.UTF_8))
                    .contains("      " + option.name()));
  }

  @Test
  void aPortAloneIsOnTheAddressThatGoesWithoutSaying() {
    run("serve", "--listen", ":2999", "--peer-listen", ":2998", "--node-ip", "fd00::11");

    assertThat(commands.serve.listen()).isEqualTo(address("127.0.0.1", 2_999));
    assertThat(commands.serve.peerListen()).isEqualTo(address("fd00::11", 2_998));
  }

  @Test
  void helpIsGroupedAndShowsDefaults() {
    run("cleanup", "--help");

    assertThat(out.toString(StandardCharsets.UTF_8))
        .isEqualTo(
            """
            Usage: mirror-agent cleanup [OPTIONS]
            Undo what configure did, byte for byte.

            This node:
                  --node-name=NAME    The node's name, in logs and status. Default: host name
                  --node-ip=IP        Where the other nodes reach this one. Default: address of --peer-listen,
                                        else of the default route

            Where the agent listens:
                  --metrics-listen=IP:PORT
                                      For /metrics, /readyz, /livez, /status and the page; no blobs. Default:
                                        node IP:29997

            containerd's hosts configuration:
                  --hosts-dir=DIR     containerd's config_path: a folder with a hosts.toml for each registry.
                                        Default: /etc/containerd/certs.d
                  --state-dir=DIR     Where the originals of these files are kept. Default:
                                        /var/lib/registry-mirror

            Running:
                  --hold              Stay until SIGTERM; /readyz and /status on --metrics-listen say whether
                                        all is restored.
                  --log-level=LEVEL   debug, info, warn or error. Default: info
              -h, --help              Print this help.

            Each option is also an environment variable: --node-ip is MIRROR_NODE_IP. The option wins. Values
            of repeatable ones are separated by commas.
            """);
  }

  @Test
  void versionIsOneLine() {
    int code = run("--version");

    assertThat(code).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("mirror-agent 1.2.3\n");
  }

  private int run(String... arguments) {
    Machine machine =
        new Machine() {
          @Override
          public String hostName() {
            return "node-a";
          }

          @Override
          public Optional<InetAddress> routedAddress() {
            return routed;
          }
        };
    return new CommandLineTool(
            commands,
            environment,
            machine,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8))
        .run("1.2.3", arguments);
  }

  private void assertMisuse(int code, String expected) {
    assertThat(code).isEqualTo(CommandLineTool.MISUSED);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .startsWith("mirror-agent")
        .contains(expected)
        .hasLineCount(1);
    assertThat(out.size()).isZero();
    assertThat(commands.ran()).isEqualTo(commands.failure != null);
  }

  private static Arguments serve(
      String option, String value, Function<ServeOptions, Object> reading, Object expected) {
    return Arguments.of(option, value, reading, expected);
  }

  private static Arguments deadline(String option, Function<Deadlines, Duration> reading) {
    Function<ServeOptions, Object> whole = options -> reading.apply(options.deadlines());
    return Arguments.of(option, "1234ms", whole, Duration.ofMillis(1_234));
  }

  private static StoreOptions.Containerd containerd(ServeOptions options) {
    return (StoreOptions.Containerd) options.store();
  }

  private static InetSocketAddress address(String ip, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
  }

  private static String variable(String option) {
    return "MIRROR_" + option.substring(2).replace('-', '_').toUpperCase(Locale.ROOT);
  }

  /** Keeps the options that a command was run with. */
  private static final class Recorder implements Commands {
    private ServeOptions serve;
    private ConfigureOptions configure;
    private CleanupOptions cleanup;
    private DoctorOptions doctor;
    private Exception failure;

    private boolean ran() {
      return serve != null || configure != null || cleanup != null || doctor != null;
    }

    private int end() throws Exception {
      if (failure != null) {
        throw failure;
      }
      return CommandLineTool.DONE;
    }

    @Override
    public int serve(ServeOptions options) throws Exception {
      serve = options;
      return end();
    }

    @Override
    public int configure(ConfigureOptions options) throws Exception {
      configure = options;
      return end();
    }

    @Override
    public int cleanup(CleanupOptions options) throws Exception {
      cleanup = options;
      return end();
    }

    @Override
    public int doctor(DoctorOptions options) throws Exception {
      doctor = options;
      return end();
    }
  }
}
