package dev.registrymirror.operator;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import dev.registrymirror.lab.cluster.ControlPlane;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.FreePorts;
import dev.registrymirror.operator.crd.CrdFile;
import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.AgentPod;
import dev.registrymirror.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * {@code <the operator's folder>}: the memory of the operator, as its image runs it, with 1,000
 * nodes of 50 images each, on a real API server. One server answers for all agents.
 *
 * <p>Each node reports every five minutes, as kubelets do where nothing has changed.
 */
final class ManyNodes {

  private static final int NODES = 1000;
  private static final int IMAGES = 50;

  private static final Duration BOUND = Duration.ofMinutes(5);
  private static final Duration OBSERVED = Duration.ofMinutes(3);
  private static final Duration REPORTS = Duration.ofMinutes(5);

  private final KubernetesClient client;
  private final int metricsPort;

  private ManyNodes(KubernetesClient client, int metricsPort) {
    this.client = client;
    this.metricsPort = metricsPort;
  }

  public static void main(String[] args) throws Exception {
    Path operator = Path.of(args[0]).toAbsolutePath();
    List<Integer> ports = FreePorts.find(2);
    try (ControlPlane kubernetes = ControlPlane.start(ControlPlane.Options.apiServer());
        KubernetesClient client =
            new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(Files.readString(kubernetes.kubeconfig())))
                .build()) {
      kubernetes.apply(CrdFile.generate());
      kubernetes.kubectl("wait", "--for=condition=Established", "crd", "--all");
      HttpServer agents = agents(ports.getFirst());
      Process process = null;
      try {
        ManyNodes nodes = new ManyNodes(client, ports.getFirst());
        nodes.make();
        process = start(operator, kubernetes.kubeconfig(), ports.getLast());
        nodes.observe(process);
      } finally {
        if (process != null) {
          process.destroy();
          process.waitFor();
        }
        agents.stop(0);
      }
    }
  }

  /** All addresses of the loopback are this machine's. */
  private static HttpServer agents(int port) throws IOException {
    byte[] report =
        """
        {"version": "0.1.0", "mode": "serve", "mirrored": true, "rosterNodes": 1000, "peersLeftOut": 0,
         "requests": {"local": 10, "peer": 2000, "flight": 30, "upstream": 40, "error": 0},
         "served": {"blobs": 1000, "bytes": 123456789}, "bypassed": [], "problems": []}
        """
            .getBytes(UTF_8);
    HttpServer server = HttpServer.create(new InetSocketAddress("0.0.0.0", port), 1024);
    server.createContext(
        "/status",
        exchange -> {
          exchange.sendResponseHeaders(200, report.length);
          exchange.getResponseBody().write(report);
          exchange.close();
        });
    server.start();
    return server;
  }

  private static Process start(Path operator, Path kubeconfig, int port) throws IOException {
    ProcessBuilder process =
        new ProcessBuilder(
            operator.resolve("runtime/bin/java").toString(),
            "@" + operator.resolve("lib/jvm.options"),
            "-jar",
            operator.resolve("lib/operator.jar").toString());
    process.environment().put("KUBECONFIG", kubeconfig.toString());
    process.environment().put("OPERATOR_NAMESPACE", "default");
    process.environment().put("AGENT_IMAGE", "registry.lab/agent:1");
    process.environment().put("PORT", Integer.toString(port));
    return process
        .redirectErrorStream(true)
        .redirectOutput(Path.of("target/many-nodes.log").toFile())
        .start();
  }

  private void make() throws InterruptedException {
    Instant begun = Instant.now();
    client
        .resource(
            Serialization.unmarshal(
                """
                apiVersion: registrymirror.dev/v1alpha1
                kind: RegistryMirror
                metadata: {name: spegel, namespace: default}
                spec: {ports: {metrics: %d}}
                """
                    .formatted(metricsPort),
                RegistryMirror.class))
        .create();
    atOnce(
        index -> {
          client.resource(node(index)).create();
          Pod pod = pod(index);
          client.resource(pod).create();
          client.resource(pod).patchStatus();
        });
    System.out.printf(
        "%d nodes and agents after %d s; a Node has %d bytes as JSON%n",
        NODES,
        Duration.between(begun, Instant.now()).toSeconds(),
        Serialization.asJson(client.nodes().withName("node-1").get()).length());
  }

  private static void atOnce(IntConsumer work) throws InterruptedException {
    try (ExecutorService threads = Executors.newFixedThreadPool(16)) {
      threads.invokeAll(
          IntStream.range(0, NODES)
              .mapToObj(index -> Executors.callable(() -> work.accept(index)))
              .toList());
    }
  }

  private static String address(int index) {
    return "127.1." + index / 250 + "." + (index % 250 + 1);
  }

  private static Node node(int index) {
    String images =
        IntStream.range(0, IMAGES)
            .mapToObj(
                image ->
                    """
                    {"names": ["registry.example.com/team-%1$d/service-%1$d@sha256:%2$064x",
                     "registry.example.com/team-%1$d/service-%1$d:v1.%3$d.0"], "sizeBytes": 123456789}
                    """
                        .formatted(image, image * 7919L + 1, index))
            .collect(Collectors.joining(","));
    String conditions =
        List.of("MemoryPressure", "DiskPressure", "PIDPressure", "Ready").stream()
            .map(type -> condition(type, type.equals("Ready") ? "True" : "False"))
            .collect(Collectors.joining(","));
    return Serialization.unmarshal(
        """
        {"apiVersion": "v1", "kind": "Node",
         "metadata": {"name": "node-%1$d", "labels": {"kubernetes.io/os": "linux",
          "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": "node-%1$d",
          "node.kubernetes.io/instance-type": "m5.4xlarge",
          "topology.kubernetes.io/region": "eu-central-1",
          "topology.kubernetes.io/zone": "eu-central-1%2$s"},
          "annotations": {"node.alpha.kubernetes.io/ttl": "300",
          "volumes.kubernetes.io/controller-managed-attach-detach": "true"}},
         "spec": {"podCIDR": "10.1.2.0/24", "providerID": "aws:///eu-central-1a/i-%1$017x"},
         "status": {"addresses": [{"type": "InternalIP", "address": "%3$s"},
           {"type": "Hostname", "address": "node-%1$d"}],
          "allocatable": {"cpu": "15890m", "memory": "60Gi", "pods": "110"},
          "capacity": {"cpu": "16", "memory": "64Gi", "pods": "110"},
          "conditions": [%4$s], "images": [%5$s],
          "nodeInfo": {"architecture": "amd64", "bootID": "b", "kernelVersion": "6.1.0",
           "kubeProxyVersion": "", "machineID": "m", "systemUUID": "s", "operatingSystem": "linux",
           "osImage": "Debian GNU/Linux 13", "kubeletVersion": "v1.36.3",
           "containerRuntimeVersion": "containerd://2.4.2"}}}
        """
            .formatted(index, (char) ('a' + index % 3), address(index), conditions, images),
        Node.class);
  }

  private static String condition(String type, String status) {
    return """
    {"type": "%s", "status": "%s", "reason": "Kubelet", "message": "kubelet has nothing to complain of",
     "lastHeartbeatTime": "%3$s", "lastTransitionTime": "%3$s"}
    """
        .formatted(type, status, Instant.now().truncatedTo(ChronoUnit.SECONDS));
  }

  private static Pod pod(int index) {
    return Serialization.unmarshal(
        """
        {"apiVersion": "v1", "kind": "Pod",
         "metadata": {"name": "spegel-%1$d", "namespace": "default", "labels": {
          "%2$s": "spegel", "%3$s": "agent", "%4$s": "%5$s", "%6$s": "%7$s"}},
         "spec": {"nodeName": "node-%1$d", "hostNetwork": true, "containers": [
          {"name": "agent", "image": "registry.lab/agent:1"}]},
         "status": {"phase": "Running", "podIP": "%8$s",
          "conditions": [{"type": "Ready", "status": "True"}]}}
        """
            .formatted(
                index,
                Labels.NAME,
                Labels.COMPONENT,
                Labels.MANAGED_BY,
                Labels.OPERATOR,
                AgentPod.MODE,
                AgentPod.SERVING,
                address(index)),
        Pod.class);
  }

  private void observe(Process process) throws IOException, InterruptedException {
    Instant started = Instant.now();
    Await.until("all agents have said how they are", BOUND, this::isAllConfigured);
    System.out.printf(
        "all are in the status after %d s; at most %d MiB so far%n",
        Duration.between(started, Instant.now()).toSeconds(), mebibytes(process, "VmHWM"));
    List<Long> resident = new ArrayList<>();
    int next = 0;
    for (int second = 1; second <= OBSERVED.toSeconds(); second++) {
      // The pace of the reports, and the end where the operator has ended.
      if (process.waitFor(1, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the operator ended: target/many-nodes.log");
      }
      for (int due = second * NODES / (int) REPORTS.toSeconds(); next < due; next++) {
        reportsAgain(next);
      }
      resident.add(mebibytes(process, "VmRSS"));
    }
    resident.sort(null);
    System.out.printf(
        "within %d s, each second: from %d to %d MiB, half of them at most %d; at most ever %d"
            + " MiB%n",
        resident.size(),
        resident.getFirst(),
        resident.getLast(),
        resident.get(resident.size() / 2),
        mebibytes(process, "VmHWM"));
  }

  private boolean isAllConfigured() {
    RegistryMirror mirror =
        client.resources(RegistryMirror.class).inNamespace("default").withName("spegel").get();
    return mirror.getStatus() != null
        && mirror.getStatus().conditions().stream()
            .anyMatch(
                condition ->
                    condition.getType().equals("NodesConfigured")
                        && condition.getReason().equals("AllConfigured"));
  }

  private void reportsAgain(int index) {
    client.resource(node(index)).patchStatus();
  }

  private static long mebibytes(Process process, String field) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
            .filter(line -> line.startsWith(field + ":"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
            .sum()
        / 1024;
  }
}
