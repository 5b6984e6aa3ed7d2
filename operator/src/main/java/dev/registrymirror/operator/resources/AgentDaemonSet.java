package dev.registrymirror.operator.resources;

import dev.registrymirror.operator.crd.AgentSpec;
import dev.registrymirror.operator.crd.MirrorSpec;
import dev.registrymirror.operator.crd.Provision;
import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.AgentPod;
import dev.registrymirror.operator.nodes.ContainerdPaths;
import io.fabric8.kubernetes.api.model.AffinityBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.ContainerPortBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeAffinityBuilder;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.NodeSelectorTermBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSetUpdateStrategyBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The agents: one pod on every node that takes part. {@code daemonset.yaml} is what does not depend
 * on the RegistryMirror.
 *
 * <p>Directories of the node are mounted under their own paths, so that what the agent logs is what
 * a person finds on the node.
 */
public final class AgentDaemonSet {

  /** Where the originals of hosts files are kept: beside no tool that cleans up. */
  public static final String STATE_DIRECTORY = "/var/lib/registry-mirror";

  private static final String ROSTER = "/etc/registry-mirror/roster";
  private static final String PEER = "/etc/registry-mirror/peer";
  private static final String CREDENTIAL = "/etc/registry-mirror/credential";
  private static final String CREDENTIAL_FILE = CREDENTIAL + "/" + PullCredentialSecret.KEY;

  /** Netty unpacks its native part there. */
  private static final String TMP_SIZE = "32Mi";

  private final RegistryMirror mirror;
  private final MirrorSpec spec;
  private final ContainerdPaths paths;
  private final String image;

  private final List<Volume> volumes = new ArrayList<>();
  private final List<VolumeMount> mounts = new ArrayList<>();

  private final List<String> excluded;

  private AgentDaemonSet(
      RegistryMirror mirror, ContainerdPaths paths, List<String> excluded, String defaultImage) {
    this.mirror = mirror;
    this.excluded = excluded;
    this.spec = mirror.getSpec();
    this.paths = paths;
    this.image = spec.agent().image() == null ? defaultImage : spec.agent().image();
  }

  /**
   * Configures each node and serves.
   *
   * @param excluded names of nodes where agents cannot work
   */
  public static DaemonSet serving(
      RegistryMirror mirror, ContainerdPaths paths, List<String> excluded, String defaultImage) {
    return new AgentDaemonSet(mirror, paths, excluded, defaultImage).serving();
  }

  /**
   * Restores each node's hosts files and then is ready. It is no one's: a RegistryMirror that is
   * deleted in the foreground takes first what it owns.
   */
  public static DaemonSet cleaning(
      RegistryMirror mirror, ContainerdPaths paths, List<String> excluded, String defaultImage) {
    return new AgentDaemonSet(mirror, paths, excluded, defaultImage).cleaning();
  }

  private DaemonSet serving() {
    DaemonSet daemonSet = base(AgentPod.SERVING);
    PodSpec pod = daemonSet.getSpec().getTemplate().getSpec();
    nodeDirectory("hosts", paths.hostsDirectory(), false);
    nodeDirectory("state", STATE_DIRECTORY, false);
    if (isManaged(spec.pullCredential())) {
      secret("credential", Names.pullCredential(mirror), CREDENTIAL);
    }
    Container configure = pod.getInitContainers().getFirst();
    fill(configure, configureArguments());

    nodeDirectory("containerd", paths.socketDirectory(), false);
    nodeDirectory("content", paths.contentStore(), true);
    volumes.add(
        new VolumeBuilder()
            .withName("roster")
            .withNewConfigMap()
            .withName(Names.roster(mirror))
            // The first agents start before the first roster is published.
            .withOptional(true)
            .endConfigMap()
            .build());
    mount("roster", ROSTER, true);
    if (isManaged(spec.peerTls())) {
      secret("peer", Names.peerIdentity(mirror), PEER);
    }
    Container agent = pod.getContainers().getFirst();
    agent.getEnv().addAll(serveSettings());
    fill(agent, List.of("serve"));
    agent.setPorts(
        List.of(
            port("registry", spec.ports().registry()),
            port("peer", spec.ports().peer()),
            port("metrics", spec.ports().metrics())));
    pod.setVolumes(volumes);
    return daemonSet;
  }

  private DaemonSet cleaning() {
    DaemonSet daemonSet = base(AgentPod.CLEANING);
    daemonSet.getMetadata().setOwnerReferences(List.of());
    daemonSet
        .getSpec()
        .setUpdateStrategy(
            new DaemonSetUpdateStrategyBuilder()
                .withType("RollingUpdate")
                .withNewRollingUpdate()
                .withMaxUnavailable(new IntOrString("100%"))
                .endRollingUpdate()
                .build());
    PodSpec pod = daemonSet.getSpec().getTemplate().getSpec();
    pod.setInitContainers(List.of());
    nodeDirectory("hosts", paths.hostsDirectory(), false);
    nodeDirectory("state", STATE_DIRECTORY, false);
    Container agent = pod.getContainers().getFirst();
    fill(
        agent,
        List.of(
            "cleanup",
            "--hold",
            "--hosts-dir",
            paths.hostsDirectory(),
            "--state-dir",
            STATE_DIRECTORY,
            "--node-name",
            "$(NODE_NAME)",
            "--node-ip",
            "$(HOST_IP)",
            "--metrics-listen",
            listen(spec.ports().metrics())));
    agent.setPorts(List.of(port("metrics", spec.ports().metrics())));
    pod.setVolumes(volumes);
    return daemonSet;
  }

  /** What serving and cleaning have in common. */
  private DaemonSet base(String mode) {
    DaemonSet daemonSet = Manifest.read("daemonset.yaml", DaemonSet.class);
    daemonSet.setMetadata(Names.owned(mirror, Names.own(mirror)));
    daemonSet
        .getSpec()
        .setSelector(new LabelSelectorBuilder().withMatchLabels(Labels.ofAgents(mirror)).build());
    Map<String, String> labels = new TreeMap<>(Labels.ofAgents(mirror));
    labels.put(AgentPod.MODE, mode);
    daemonSet.getSpec().getTemplate().getMetadata().setLabels(labels);
    AgentSpec agent = spec.agent();
    if (agent.updateStrategy() != null) {
      daemonSet.getSpec().setUpdateStrategy(agent.updateStrategy());
    }
    PodSpec pod = daemonSet.getSpec().getTemplate().getSpec();
    pod.setHostNetwork(agent.hostNetwork() ? true : null);
    Map<String, String> nodeSelector = new TreeMap<>(agent.nodeSelector());
    nodeSelector.put("kubernetes.io/os", "linux");
    pod.setNodeSelector(nodeSelector);
    NodeAffinity affinity = affinity(agent.nodeAffinity());
    if (affinity != null) {
      pod.setAffinity(new AffinityBuilder().withNodeAffinity(affinity).build());
    }
    if (agent.tolerations() != null) {
      pod.setTolerations(agent.tolerations());
    }
    if (agent.priorityClassName() != null) {
      pod.setPriorityClassName(agent.priorityClassName());
    }
    volumes.add(
        new VolumeBuilder()
            .withName("tmp")
            .withNewEmptyDir()
            .withSizeLimit(new Quantity(TMP_SIZE))
            .endEmptyDir()
            .build());
    mount("tmp", "/tmp", false);
    return daemonSet;
  }

  /**
   * The user's affinity, with the nodes where agents cannot work taken out of each of its terms.
   */
  private NodeAffinity affinity(NodeAffinity given) {
    if (excluded.isEmpty()) {
      return given;
    }
    // Kubernetes takes one name in each.
    List<NodeSelectorRequirement> others =
        excluded.stream()
            .sorted()
            .map(name -> new NodeSelectorRequirement("metadata.name", "NotIn", List.of(name)))
            .toList();
    NodeAffinity affinity =
        given == null ? new NodeAffinity() : new NodeAffinityBuilder(given).build();
    NodeSelector required = affinity.getRequiredDuringSchedulingIgnoredDuringExecution();
    List<NodeSelectorTerm> terms =
        required == null ? List.of(new NodeSelectorTerm()) : required.getNodeSelectorTerms();
    affinity.setRequiredDuringSchedulingIgnoredDuringExecution(
        new NodeSelector(
            terms.stream()
                .map(term -> new NodeSelectorTermBuilder(term).addAllToMatchFields(others).build())
                .toList()));
    return affinity;
  }

  /** What is mounted so far, and what every container has. */
  private void fill(Container container, List<String> arguments) {
    container.setImage(image);
    container.setArgs(arguments);
    container.setVolumeMounts(List.copyOf(mounts));
    AgentSpec agent = spec.agent();
    if (agent.resources() != null) {
      container.setResources(agent.resources());
    }
    SecurityContext confined = container.getSecurityContext();
    confined.setSeLinuxOptions(agent.seLinuxOptions());
    Map<String, EnvVar> env = new LinkedHashMap<>();
    container.getEnv().forEach(own -> env.put(own.getName(), own));
    agent.extraEnv().forEach(more -> env.putIfAbsent(more.getName(), more));
    container.setEnv(List.copyOf(env.values()));
  }

  private List<String> configureArguments() {
    List<String> arguments = new ArrayList<>();
    arguments.add("configure");
    arguments.addAll(List.of("--hosts-dir", paths.hostsDirectory()));
    arguments.addAll(List.of("--state-dir", STATE_DIRECTORY));
    arguments.addAll(List.of("--mirror", mirrorUrl()));
    for (String registry : spec.registries()) {
      arguments.addAll(List.of("--registry", registry));
    }
    arguments.addAll(List.of("--tags", lower(spec.tags())));
    if (isManaged(spec.pullCredential())) {
      arguments.addAll(List.of("--credential-file", CREDENTIAL_FILE));
    }
    arguments.addAll(List.of("--log-level", lower(spec.agent().logLevel())));
    return arguments;
  }

  /** By variables rather than arguments: what is executed in the container has them, too. */
  private List<EnvVar> serveSettings() {
    List<EnvVar> settings = new ArrayList<>();
    settings.add(setting("CONTAINERD_SOCKET", paths.socket()));
    settings.add(setting("CONTAINERD_NAMESPACE", paths.namespace()));
    settings.add(setting("CONTENT_STORE", paths.contentStore()));
    settings.add(setting("NODE_NAME", "$(NODE_NAME)"));
    settings.add(setting("NODE_IP", "$(HOST_IP)"));
    settings.add(setting("LISTEN", listenForContainerd()));
    settings.add(setting("PEER_LISTEN", listen(spec.ports().peer())));
    settings.add(setting("METRICS_LISTEN", listen(spec.ports().metrics())));
    settings.add(setting("ROSTER_FILE", ROSTER + "/" + Roster.KEY));
    settings.add(setting("HOSTS_DIR", paths.hostsDirectory()));
    settings.add(setting("STATE_DIR", STATE_DIRECTORY));
    settings.add(setting("TAGS", lower(spec.tags())));
    if (isManaged(spec.pullCredential())) {
      settings.add(setting("CREDENTIAL_FILE", CREDENTIAL_FILE));
    }
    if (isManaged(spec.peerTls())) {
      settings.add(setting("PEER_CERT", PEER + "/tls.crt"));
      settings.add(setting("PEER_KEY", PEER + "/tls.key"));
      settings.add(setting("PEER_CA", PEER + "/ca.crt"));
    }
    settings.add(setting("LOG_LEVEL", lower(spec.agent().logLevel())));
    return settings;
  }

  private static EnvVar setting(String option, String value) {
    return new EnvVar("MIRROR_" + option, value, null);
  }

  /**
   * Where containerd asks: in the node's own network nobody else reaches its loopback; by a
   * hostPort of the pod network it is the node's address, as not every network offers it on
   * loopback.
   */
  private String mirrorUrl() {
    String host = spec.agent().hostNetwork() ? "127.0.0.1" : "$(HOST_IP)";
    return "http://" + host + ":" + spec.ports().registry();
  }

  private String listenForContainerd() {
    return (spec.agent().hostNetwork() ? "127.0.0.1" : "0.0.0.0") + ":" + spec.ports().registry();
  }

  /** In the node's own network on its address, else on the pod's, whatever it is. */
  private String listen(int port) {
    return spec.agent().hostNetwork() ? ":" + port : "0.0.0.0:" + port;
  }

  private ContainerPort port(String name, int port) {
    return new ContainerPortBuilder()
        .withName(name)
        .withContainerPort(port)
        .withHostPort(port)
        .withProtocol("TCP")
        .build();
  }

  private void nodeDirectory(String name, String path, boolean readOnly) {
    volumes.add(
        new VolumeBuilder()
            .withName(name)
            .withNewHostPath()
            .withPath(path)
            .withType("DirectoryOrCreate")
            .endHostPath()
            .build());
    mount(name, path, readOnly);
  }

  private void secret(String name, String secretName, String path) {
    volumes.add(
        new VolumeBuilder()
            .withName(name)
            .withNewSecret()
            .withSecretName(secretName)
            // Octal 0400.
            .withDefaultMode(256)
            .endSecret()
            .build());
    mount(name, path, true);
  }

  private void mount(String name, String path, boolean readOnly) {
    mounts.add(
        new VolumeMountBuilder()
            .withName(name)
            .withMountPath(path)
            .withReadOnly(readOnly ? true : null)
            .build());
  }

  private static boolean isManaged(Provision provision) {
    return provision == Provision.Managed;
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
