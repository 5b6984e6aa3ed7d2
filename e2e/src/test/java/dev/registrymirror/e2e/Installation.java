package dev.registrymirror.e2e;

import dev.registrymirror.lab.cluster.Cluster;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.KubernetesTools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The operator in a lab's cluster: its images in the cluster's registry, the chart by Helm. */
public final class Installation {

  private static final Duration BOUND = Duration.ofMinutes(3);
  private static final String RELEASE = "registry-mirror";

  private final Cluster cluster;
  private final String namespace;
  private final Path agentArchive;

  private Installation(Cluster cluster, String namespace, Path agentArchive) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.agentArchive = agentArchive;
  }

  static Installation of(Cluster cluster, String namespace) {
    Path agent = archive("agent");
    Installation installation = new Installation(cluster, namespace, agent);
    cluster.push(archive("operator"), "registry-mirror/operator:1");
    cluster.push(agent, "registry-mirror/agent:1");
    installation.helm(
        "install",
        RELEASE,
        chart(),
        "--wait",
        "--set-string",
        "image.repository=registry.lab/registry-mirror/operator,image.tag=1",
        "--set-string",
        "agentImage.repository=registry.lab/registry-mirror/agent,agentImage.tag=1");
    return installation;
  }

  /** The chart of this repository. */
  public static String chart() {
    return Path.of("..", "charts", "registry-mirror").toAbsolutePath().normalize().toString();
  }

  /** The archive of an image, as {@code make images} leaves it: {@code agent}, {@code operator}. */
  public static Path archive(String name) {
    Path archive =
        Path.of("..", "images", "target", name + "-amd64.tar").toAbsolutePath().normalize();
    if (!Files.exists(archive)) {
      throw new LabException("no image " + archive + ": make images builds it");
    }
    return archive;
  }

  /** The reference of another build of the agent: the same under another name. */
  String anotherAgent() {
    return cluster.push(agentArchive, "registry-mirror/agent:2");
  }

  void remove() {
    helm("uninstall", RELEASE, "--wait");
  }

  private void helm(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(KubernetesTools.prepare().helm().toString());
    command.addAll(List.of(arguments));
    command.addAll(
        List.of("--namespace", namespace, "--kubeconfig", cluster.kubeconfig().toString()));
    try {
      Command.run(BOUND, "", Map.of("HOME", cluster.directory().toString()), Path.of("/"), command);
    } catch (LabException e) {
      throw new LabException(e.getMessage() + "\n" + state(), e);
    }
  }

  /** What a person would look at where something is wrong. */
  String state() {
    return shown("get", "pods,ds,deploy,jobs,rmirror", "-o", "wide")
        + shown("get", "rmirror", "-o", "yaml")
        + shown("get", "events", "--sort-by=.lastTimestamp")
        + shown("logs", "-l", "app.kubernetes.io/name=registry-mirror-operator", "--tail=40");
  }

  private String shown(String... arguments) {
    List<String> all = new ArrayList<>(List.of("-n", namespace));
    all.addAll(List.of(arguments));
    try {
      return cluster.kubectl(all.toArray(String[]::new)) + "\n";
    } catch (LabException e) {
      return e.getMessage() + "\n";
    }
  }
}
