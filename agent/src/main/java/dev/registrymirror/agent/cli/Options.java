package dev.registrymirror.agent.cli;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.cli.Option.Group;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Every option there is, and which command takes which. */
final class Options {
  private Options() {}

  static final Option CONTAINERD_SOCKET =
      one(
          Group.STORE,
          "--containerd-socket",
          "FILE",
          "containerd's socket. It is waited for, however long.",
          "/run/containerd/containerd.sock");
  static final Option CONTAINERD_NAMESPACE =
      one(Group.STORE, "--containerd-namespace", "NAME", "Whose images are shared.", "k8s.io");
  static final Option CONTENT_STORE =
      one(
          Group.STORE,
          "--content-store",
          "DIR",
          "containerd's folder of blobs.",
          "/var/lib/containerd/io.containerd.content.v1.content");
  static final Option OCI_LAYOUT =
      one(
          Group.STORE,
          "--oci-layout",
          "DIR",
          "Share the images of this OCI image layout instead, where there is no containerd.",
          "");

  static final Option NODE_NAME =
      one(Group.NODE, "--node-name", "NAME", "The node's name, in logs and status.", "host name");
  static final Option NODE_IP =
      one(
          Group.NODE,
          "--node-ip",
          "IP",
          "Where the other nodes reach this one.",
          "address of --peer-listen, else of the default route");
  static final Option ZONE =
      one(
          Group.NODE,
          "--zone",
          "NAME",
          "The node's topology zone: nodes of the same zone are asked first.",
          "");

  static final Option LISTEN =
      one(
          Group.PORTS,
          "--listen",
          "IP:PORT",
          "For the node's own containerd, plain HTTP.",
          "127.0.0.1:29999");
  static final Option PEER_LISTEN =
      one(Group.PORTS, "--peer-listen", "IP:PORT", "For the other agents.", "node IP:29998");
  static final Option METRICS_LISTEN =
      one(
          Group.PORTS,
          "--metrics-listen",
          "IP:PORT",
          "For /metrics, /readyz, /livez, /status and the page; no blobs.",
          "node IP:29997");

  static final Option SEEDS =
      many(
          Group.CLUSTER,
          "--seeds",
          "HOST:PORT",
          "The agents of the cluster, or a DNS name that stands for all of them.",
          "");
  static final Option ROSTER_FILE =
      one(
          Group.CLUSTER,
          "--roster-file",
          "FILE",
          "The agents of the cluster, from a file that is read again when it changes.",
          "");
  static final Option FAN_OUT =
      one(
          Group.CLUSTER,
          "--fan-out",
          "N",
          "Nodes that follow one download from one node, 2 to 4.",
          Integer.toString(TransferOptions.DEFAULTS.fanOut()));
  static final Option UPLOAD_LIMIT =
      one(
          Group.CLUSTER,
          "--upload-limit",
          "RATE",
          "Sent to other nodes at most, in bytes a second: 50M, 1G.",
          "");
  static final Option DOWNLOAD_LIMIT =
      one(
          Group.CLUSTER,
          "--download-limit",
          "RATE",
          "Taken from other nodes at most, in bytes a second.",
          "");
  static final Option PEER_CERT =
      one(
          Group.CLUSTER,
          "--peer-cert",
          "FILE",
          "Certificate chain (PEM) shown to other agents. With --peer-key and --peer-ca: mutual"
              + " TLS; without all three: plaintext. The files are read again when they change.",
          "");
  static final Option PEER_KEY =
      one(Group.CLUSTER, "--peer-key", "FILE", "Its private key (PEM, PKCS #8).", "");
  static final Option PEER_CA =
      one(Group.CLUSTER, "--peer-ca", "FILE", "Authority of the other agents' chains (PEM).", "");

  static final Option HOSTS_DIR =
      one(
          Group.HOSTS,
          "--hosts-dir",
          "DIR",
          "containerd's config_path: a folder with a hosts.toml for each registry.",
          "/etc/containerd/certs.d");
  static final Option STATE_DIR =
      one(
          Group.HOSTS,
          "--state-dir",
          "DIR",
          "Where the originals of these files are kept.",
          "/var/lib/registry-mirror");
  static final Option MIRROR =
      many(
          Group.HOSTS,
          "--mirror",
          "URL",
          "Where containerd reaches the agent.",
          "http://127.0.0.1:29999");
  static final Option REGISTRY =
      many(Group.HOSTS, "--registry", "HOST", "A registry to mirror.", "all of them");
  static final Option TAGS =
      one(
          Group.HOSTS,
          "--tags",
          "POLICY",
          "Who says what a tag stands for. revalidate: upstream, and the cluster where upstream is"
              + " broken; serve: the cluster first, may be stale; never: upstream alone.",
          "revalidate");
  static final Option CREDENTIAL_FILE =
      one(
          Group.HOSTS,
          "--credential-file",
          "FILE",
          "Lines of user:password that containerd shows the agent, so that pods cannot pull"
              + " through it. The first is written, all are accepted.",
          "");
  static final Option CONTAINERD_CONFIG =
      one(
          Group.HOSTS,
          "--containerd-config",
          "FILE",
          "containerd's configuration, with what it imports.",
          "/etc/containerd/config.toml");

  static final Option CONNECT_TIMEOUT =
      deadline("--connect-timeout", "Until a peer accepts.", Deadlines.DEFAULTS.connect());
  static final Option LOOKUP_TIMEOUT =
      deadline(
          "--lookup-timeout",
          "Until a blob's home answers; then the second home has as long.",
          Deadlines.DEFAULTS.lookup());
  static final Option PLACE_TIMEOUT =
      deadline(
          "--place-timeout",
          "Until a blob's home says whose download to follow.",
          Deadlines.DEFAULTS.place());
  static final Option FIRST_BYTE_TIMEOUT =
      deadline(
          "--first-byte-timeout",
          "Until a provider sends its first byte; then the next is asked.",
          Deadlines.DEFAULTS.firstByte());
  static final Option STALL_TIMEOUT =
      deadline(
          "--stall-timeout",
          "Without a byte in mid-stream; then another provider goes on at the offset.",
          Deadlines.DEFAULTS.stall());
  static final Option FLIGHT_QUIET_TIMEOUT =
      deadline(
          "--flight-quiet-timeout",
          "Without progress of a download that others follow; then one of them goes upstream.",
          Deadlines.DEFAULTS.flightQuiet());
  static final Option FLIGHT_WAIT_TIMEOUT =
      deadline(
          "--flight-wait-timeout",
          "For bytes of a download that is followed, in all; then upstream.",
          Deadlines.DEFAULTS.flightWait());
  static final Option UPSTREAM_HEAD_TIMEOUT =
      deadline(
          "--upstream-head-timeout",
          "For asking upstream why it failed.",
          Deadlines.DEFAULTS.upstreamHead());
  static final Option WHOLE_PULL_TIMEOUT =
      deadline(
          "--whole-pull-timeout",
          "Added to a whole pull at most, should no peer answer.",
          Deadlines.DEFAULTS.wholePull());
  static final Option DRAIN_TIMEOUT =
      deadline("--drain-timeout", "For streams under way on SIGTERM.", Deadlines.DEFAULTS.drain());

  static final Option LOG_LEVEL =
      one(Group.RUNNING, "--log-level", "LEVEL", "debug, info, warn or error.", "info");
  static final Option HOLD =
      new Option(
          Group.RUNNING,
          "--hold",
          "",
          false,
          "Stay until SIGTERM; /readyz and /status on --metrics-listen say whether all is"
              + " restored.",
          "");

  static final List<Option> SERVE =
      List.of(
          CONTAINERD_SOCKET,
          CONTAINERD_NAMESPACE,
          CONTENT_STORE,
          OCI_LAYOUT,
          NODE_NAME,
          NODE_IP,
          ZONE,
          LISTEN,
          PEER_LISTEN,
          METRICS_LISTEN,
          SEEDS,
          ROSTER_FILE,
          FAN_OUT,
          UPLOAD_LIMIT,
          DOWNLOAD_LIMIT,
          PEER_CERT,
          PEER_KEY,
          PEER_CA,
          HOSTS_DIR,
          STATE_DIR,
          TAGS,
          CREDENTIAL_FILE,
          CONNECT_TIMEOUT,
          LOOKUP_TIMEOUT,
          PLACE_TIMEOUT,
          FIRST_BYTE_TIMEOUT,
          STALL_TIMEOUT,
          FLIGHT_QUIET_TIMEOUT,
          FLIGHT_WAIT_TIMEOUT,
          UPSTREAM_HEAD_TIMEOUT,
          WHOLE_PULL_TIMEOUT,
          DRAIN_TIMEOUT,
          LOG_LEVEL);

  static final List<Option> CONFIGURE =
      List.of(HOSTS_DIR, STATE_DIR, MIRROR, REGISTRY, TAGS, CREDENTIAL_FILE, LOG_LEVEL);

  static final List<Option> CLEANUP =
      List.of(HOSTS_DIR, STATE_DIR, NODE_NAME, NODE_IP, METRICS_LISTEN, HOLD, LOG_LEVEL);

  static final List<Option> DOCTOR = union(SERVE, CONFIGURE, List.of(CONTAINERD_CONFIG));

  private static Option one(Group group, String name, String value, String text, String fallback) {
    return new Option(group, name, value, false, text, fallback);
  }

  private static Option many(Group group, String name, String value, String text, String fallback) {
    return new Option(group, name, value, true, text, fallback);
  }

  private static Option deadline(String name, String text, Duration fallback) {
    return one(Group.DEADLINES, name, "TIME", text, Durations.format(fallback));
  }

  @SafeVarargs
  private static List<Option> union(List<Option>... lists) {
    Set<Option> all = new LinkedHashSet<>();
    for (List<Option> list : lists) {
      all.addAll(list);
    }
    return List.copyOf(all);
  }
}
