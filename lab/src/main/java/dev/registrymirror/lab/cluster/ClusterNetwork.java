package dev.registrymirror.lab.cluster;

import dev.registrymirror.lab.Site;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.Link;
import dev.registrymirror.lab.machine.Network;
import dev.registrymirror.lab.machine.Network.Side;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Where a cluster's machines are on a lab's networks, and the ways between them. Nodes have numbers
 * from 1 on, and the same place on both sides.
 */
record ClusterNetwork(Network network, int nodes) {

  /** Of all pods: addresses that are used nowhere but inside. */
  static final String PODS = "10.244.0.0/16";

  private static final int CONTROL_PLANE = 3;
  private static final String UPSTREAM_LINK = "up0";
  private static final Duration BOUND = Duration.ofSeconds(30);

  /** Makes the control plane's namespace. */
  String joinControlPlane() {
    String namespace = network.namespace("control-plane");
    network.addNamespace(namespace);
    network.join(namespace, Side.PEERS, CONTROL_PLANE, "eth0");
    addRoutes(namespace, 0);
    return namespace;
  }

  String controlPlaneAddress() {
    return network.address(Side.PEERS, CONTROL_PLANE);
  }

  /** Makes a node's namespace; returns its link to upstream. */
  Link join(int node) {
    String namespace = namespace(node);
    network.addNamespace(namespace);
    network.join(namespace, Side.PEERS, host(node), "eth0");
    Link upstream = network.join(namespace, Side.UPSTREAM, host(node), UPSTREAM_LINK);
    addRoutes(namespace, node);
    // Upstream knows the way to nodes, and none to pods.
    Command.run(
        BOUND,
        """
        table ip lab_upstream {
          chain postrouting {
            type nat hook postrouting priority srcnat
            oifname "%s" masquerade
          }
        }
        """
            .formatted(UPSTREAM_LINK),
        List.of("nsenter", "--net=/run/netns/" + namespace, "nft", "-f", "-"));
    return upstream;
  }

  // Services have no route of their own, but a default one, wherever it leads, lets packets get as
  // far as to where kube-proxy's rules see them.
  private void addRoutes(String namespace, int own) {
    Map<String, String> routes = new HashMap<>();
    routes.put("default", network.machineAddress(Side.PEERS));
    for (int node = 1; node <= nodes; node++) {
      if (node != own) {
        routes.put(pods(node), address(node));
      }
    }
    network.route(namespace, routes);
  }

  String namespace(int node) {
    return network.namespace(name(node));
  }

  /** As Kubernetes calls it. */
  String name(int node) {
    return "n" + node;
  }

  /** Among the nodes. */
  String address(int node) {
    return network.address(Side.PEERS, host(node));
  }

  /** Of its pods. */
  String pods(int node) {
    return "10.244." + node + ".0/24";
  }

  /** The name of the node that upstream knows by that address; the address where none is there. */
  String nameOf(String upstreamAddress) {
    return IntStream.rangeClosed(1, nodes)
        .filter(node -> network.address(Side.UPSTREAM, host(node)).equals(upstreamAddress))
        .mapToObj(this::name)
        .findFirst()
        .orElse(upstreamAddress);
  }

  private static int host(int node) {
    return Site.FIRST_NODE_HOST + node - 1;
  }
}
