package dev.registrymirror.operator.reconcile;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Nodes that exist in the API server alone: their pods are bound, ready at once, and end when they
 * are told to. Behind each is an agent that says on {@code /status} what a test gives it. What real
 * kubelets and agents do is shown end to end.
 */
final class StandInKubelet implements AutoCloseable {

  /** Nodes of one test, each with a loopback address of its own. */
  private static final AtomicInteger NEXT = new AtomicInteger(1);

  private final KubernetesClient client;
  private final ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor();
  private final Map<String, HttpServer> agents = new ConcurrentHashMap<>();
  private final Map<String, String> reports = new ConcurrentHashMap<>();
  private final Map<String, String> addresses = new ConcurrentHashMap<>();
  private final Set<String> broken = ConcurrentHashMap.newKeySet();
  private final int metricsPort;

  StandInKubelet(KubernetesClient client, int metricsPort) {
    this.client = client;
    this.metricsPort = metricsPort;
    loop.scheduleWithFixedDelay(this::runPods, 0, 100, TimeUnit.MILLISECONDS);
  }

  /** What a node is made like. */
  record Kind(String osImage, String kubelet, String runtime) {
    static final Kind PLAIN = new Kind("Debian GNU/Linux 12", "v1.36.3", "containerd://2.4.2");
    static final Kind TALOS = new Kind("Talos (v1.9.0)", "v1.36.3", "containerd://2.4.2");
    static final Kind K3S = new Kind("Debian GNU/Linux 12", "v1.36.3+k3s1", "containerd://2.4.2");
    static final Kind CRI_O = new Kind("Fedora CoreOS", "v1.36.3", "cri-o://1.34.0");
  }

  /** Adds a node; its agent, once there is one, has configured it and served nothing. */
  void add(String name, Kind kind, Map<String, String> labels) {
    String ip = "127.0.2." + NEXT.getAndIncrement();
    addresses.put(name, ip);
    says(name, "\"mirrored\": true");
    try {
      HttpServer agent = HttpServer.create(new InetSocketAddress(ip, metricsPort), 16);
      agent.createContext(
          "/status",
          exchange -> {
            byte[] body = reports.get(name).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
          });
      agent.start();
      agents.put(name, agent);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Node node =
        client
            .nodes()
            .resource(
                new NodeBuilder()
                    .withNewMetadata()
                    .withName(name)
                    .addToLabels("kubernetes.io/os", "linux")
                    .addToLabels(labels)
                    .endMetadata()
                    .build())
            .create();
    Node status =
        new NodeBuilder(node)
            // Whoever else has changed it meanwhile.
            .editMetadata()
            .withResourceVersion(null)
            .endMetadata()
            .withNewStatus()
            .addNewAddress(ip, "InternalIP")
            .addNewCondition()
            .withType("Ready")
            .withStatus("True")
            .withReason("KubeletReady")
            .withLastHeartbeatTime(Instant.now().toString())
            .endCondition()
            .withNewNodeInfo()
            .withOperatingSystem("linux")
            .withOsImage(kind.osImage())
            .withKubeletVersion(kind.kubelet())
            .withContainerRuntimeVersion(kind.runtime())
            .withArchitecture("amd64")
            .withBootID("")
            .withKernelVersion("")
            .withKubeProxyVersion("")
            .withMachineID("")
            .withSystemUUID("")
            .endNodeInfo()
            .endStatus()
            .build();
    client.resource(status).patchStatus();
  }

  /** What the agent of a node says from now on, as the fields of its report. */
  void says(String node, String fields) {
    reports.put(node, "{\"node\": \"" + node + "\", " + fields + "}");
  }

  /** The agent of a node answers no more. */
  void silence(String node) {
    agents.remove(node).stop(0);
  }

  /** Pods that come to a node from now on cannot pull their image. */
  void cannotPullOn(String node) {
    broken.add(node);
  }

  void remove(String node) {
    silence(node);
    addresses.remove(node);
    client.nodes().withName(node).delete();
  }

  private void runPods() {
    try {
      for (Pod pod : client.pods().inAnyNamespace().list().getItems()) {
        run(pod);
      }
    } catch (KubernetesClientException e) {
      // The API server has not come up yet, or is gone; or somebody else changed a pod first.
    }
  }

  private void run(Pod pod) {
    String name = pod.getMetadata().getName();
    String namespace = pod.getMetadata().getNamespace();
    String node = wantedNode(pod);
    if (pod.getMetadata().getDeletionTimestamp() != null) {
      client.pods().inNamespace(namespace).withName(name).withGracePeriod(0).delete();
    } else if (pod.getSpec().getNodeName() == null) {
      client.raw(
          "/api/v1/namespaces/" + namespace + "/pods/" + name + "/binding",
          "POST",
          binding(name, node));
    } else if (pod.getStatus().getPodIP() == null) {
      client.resource(started(pod, node, broken.contains(node))).patchStatus();
    }
  }

  private static String binding(String pod, String node) {
    return """
    {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "%s"},
     "target": {"apiVersion": "v1", "kind": "Node", "name": "%s"}}
    """
        .formatted(pod, node);
  }

  /** The DaemonSet's controller asks for one node by its name. */
  private static String wantedNode(Pod pod) {
    if (pod.getSpec().getNodeName() != null) {
      return pod.getSpec().getNodeName();
    }
    return pod
        .getSpec()
        .getAffinity()
        .getNodeAffinity()
        .getRequiredDuringSchedulingIgnoredDuringExecution()
        .getNodeSelectorTerms()
        .getFirst()
        .getMatchFields()
        .stream()
        .filter(field -> field.getOperator().equals("In"))
        .findFirst()
        .orElseThrow()
        .getValues()
        .getFirst();
  }

  private Pod started(Pod pod, String node, boolean cannotPull) {
    PodBuilder started = new PodBuilder(pod).editMetadata().withResourceVersion(null).endMetadata();
    if (cannotPull) {
      return started
          .editOrNewStatus()
          .withPhase("Pending")
          .withPodIP(addresses.get(node))
          .withInitContainerStatuses(List.of())
          .addNewContainerStatus()
          .withName("agent")
          .withImage(pod.getSpec().getContainers().getFirst().getImage())
          .withImageID("")
          .withReady(false)
          .withRestartCount(0)
          .withNewState()
          .withNewWaiting("not found", "ImagePullBackOff")
          .endState()
          .endContainerStatus()
          .endStatus()
          .build();
    }
    String now = Instant.now().toString();
    return started
        .editOrNewStatus()
        .withPhase("Running")
        .withPodIP(addresses.get(node))
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .withLastTransitionTime(now)
        .endCondition()
        .endStatus()
        .build();
  }

  @Override
  public void close() {
    loop.shutdownNow();
    agents.values().forEach(agent -> agent.stop(0));
  }
}
