package dev.registrymirror.lab.cluster;

import dev.registrymirror.lab.machine.Authority;
import dev.registrymirror.lab.machine.Authority.Identity;
import dev.registrymirror.lab.machine.Daemon;
import dev.registrymirror.lab.machine.Http;
import dev.registrymirror.lab.machine.Ledger;
import dev.registrymirror.lab.tools.KubernetesTools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The programs of a control plane: etcd, kube-apiserver, kube-controller-manager, kube-scheduler.
 * Whoever has them started ends them, by the ledger.
 */
final class Programs {

  static final String LOOPBACK = "127.0.0.1";

  /** Of services: addresses that are used nowhere but inside. */
  private static final String SERVICES = "10.96.0.0/24";

  private static final String FIRST_SERVICE = "10.96.0.1";

  /**
   * Where they run.
   *
   * @param address that the API server is reached at
   * @param ports of the API server; of etcd for it; of etcd for its like
   * @param inside makes a command one that runs there
   */
  record Place(
      Path directory,
      Ledger ledger,
      String address,
      List<Integer> ports,
      UnaryOperator<List<String>> inside) {}

  private final KubernetesTools tools;
  private final Place place;
  private final Authority authority;
  private final URI url;
  private final Kubectl kubectl;
  private final User admin = User.admin();
  private final User controllerManager = User.component("kube-controller-manager");
  private final User scheduler = User.component("kube-scheduler");
  private final List<User> users;

  /**
   * @param others that the API server knows besides its own parts
   */
  Programs(KubernetesTools tools, Place place, List<User> others) {
    this.tools = tools;
    this.place = place;
    this.users =
        Stream.concat(Stream.of(admin, controllerManager, scheduler), others.stream()).toList();
    this.authority = Authority.make(place.directory());
    this.url = URI.create("https://" + place.address() + ":" + place.ports().getFirst());
    this.kubectl = new Kubectl(tools.kubectl(), kubeconfigFile("admin", admin));
  }

  URI url() {
    return url;
  }

  Path ca() {
    return authority.certificate();
  }

  /** As a user who may do all. */
  Kubectl kubectl() {
    return kubectl;
  }

  /**
   * Starts etcd and the API server; returns when it is ready.
   *
   * @param withServiceAccounts pods need one; the controller manager makes the default ones
   */
  void startApiServer(boolean withServiceAccounts) {
    String etcd = "http://" + LOOPBACK + ":" + place.ports().get(1);
    String etcdPeers = "http://" + LOOPBACK + ":" + place.ports().get(2);
    start(
        "etcd",
        tools.etcd(),
        // A machine that loses its power loses the lab too.
        "--unsafe-no-fsync",
        "--log-level=warn",
        "--data-dir=" + file("etcd"),
        "--listen-client-urls=" + etcd,
        "--advertise-client-urls=" + etcd,
        "--listen-peer-urls=" + etcdPeers,
        "--initial-advertise-peer-urls=" + etcdPeers,
        "--initial-cluster=default=" + etcdPeers);
    Identity server =
        authority.issue(
            "kube-apiserver",
            "IP:%s,IP:%s,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
                .formatted(place.address(), FIRST_SERVICE));
    // Kubelets take whoever this authority says to be an administrator.
    Identity kubeletClient =
        authority.issue("kubelet-client", "/O=system:masters/CN=kube-apiserver", "DNS:client");
    Identity serviceAccounts = authority.issue("service-accounts", "DNS:service-accounts");
    List<String> options =
        new ArrayList<>(
            List.of(
                "--etcd-servers=" + etcd,
                "--bind-address=" + place.address(),
                "--secure-port=" + place.ports().getFirst(),
                "--tls-cert-file=" + server.certificate(),
                "--tls-private-key-file=" + server.key(),
                "--client-ca-file=" + authority.certificate(),
                "--kubelet-client-certificate=" + kubeletClient.certificate(),
                "--kubelet-client-key=" + kubeletClient.key(),
                "--kubelet-certificate-authority=" + authority.certificate(),
                "--kubelet-preferred-address-types=InternalIP",
                "--token-auth-file=" + tokens(),
                "--authorization-mode=Node,RBAC",
                "--enable-admission-plugins=NodeRestriction",
                "--service-account-issuer=https://kubernetes.default.svc",
                "--service-account-signing-key-file=" + serviceAccounts.key(),
                "--service-account-key-file=" + serviceAccounts.certificate(),
                "--service-cluster-ip-range=" + SERVICES,
                "--allow-privileged"));
    if (place.address().equals(LOOPBACK)) {
      // Endpoints of the service "kubernetes" may not be on the loopback.
      options.add("--endpoint-reconciler-type=none");
    }
    if (!withServiceAccounts) {
      options.add("--disable-admission-plugins=ServiceAccount");
    }
    Daemon apiServer = start("kube-apiserver", tools.apiServer(), options.toArray(String[]::new));
    try (Http http = new Http(authority.certificate())) {
      apiServer.awaitReady(() -> http.answers(url.resolve("/readyz")));
    }
  }

  /** Starts the controller manager. */
  void startControllerManager() {
    start(
        "kube-controller-manager",
        tools.controllerManager(),
        "--kubeconfig=" + kubeconfigFile("controller-manager", controllerManager),
        "--leader-elect=false",
        "--use-service-account-credentials",
        // Else it waits for its own limit of requests a second, for 5 s until it is at work.
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--root-ca-file=" + authority.certificate(),
        "--service-account-private-key-file=" + file("service-accounts-key.pem"),
        // A node that died is NotReady after 16 s in place of 50.
        "--node-monitor-grace-period=16s",
        "--secure-port=0");
  }

  /** Returns when the controller manager has made what every namespace has. */
  void awaitControllerManager() {
    for (String made : List.of("serviceaccount/default", "configmap/kube-root-ca.crt")) {
      kubectl.run("", "--namespace=default", "wait", "--for=create", made, "--timeout=30s");
    }
  }

  /** Starts the scheduler. */
  void startScheduler() {
    start(
        "kube-scheduler",
        tools.scheduler(),
        "--kubeconfig=" + kubeconfigFile("scheduler", scheduler),
        "--leader-elect=false",
        "--secure-port=0");
  }

  /** Starts a program of this machine's, outside of where they are, that ends with them. */
  Daemon startBeside(String name, Map<String, String> environment, List<String> command) {
    return Daemon.start(name, place.ledger(), file(name + ".log"), environment, command);
  }

  private Daemon start(String name, Path program, String... options) {
    List<String> command =
        Stream.concat(Stream.of(program.toString()), Stream.of(options)).toList();
    return Daemon.start(
        name, place.ledger(), file(name + ".log"), Map.of(), place.inside().apply(command));
  }

  private Path tokens() {
    String lines = users.stream().map(User::line).collect(Collectors.joining());
    return write("tokens.csv", lines);
  }

  private Path write(String name, String content) {
    try {
      return Files.writeString(file(name), content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The kubeconfig of one that the API server knows. */
  String kubeconfig(User user) {
    return Kubectl.kubeconfig(url, authority.certificate(), user);
  }

  private Path kubeconfigFile(String name, User user) {
    return write(name + ".kubeconfig", kubeconfig(user));
  }

  Authority authority() {
    return authority;
  }

  private Path file(String name) {
    return place.directory().resolve(name);
  }
}
