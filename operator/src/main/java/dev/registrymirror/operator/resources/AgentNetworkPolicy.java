package dev.registrymirror.operator.resources;

import dev.registrymirror.operator.crd.PortsSpec;
import dev.registrymirror.operator.crd.RegistryMirror;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;

/**
 * Lets through what agents need, also where all else is denied, and keeps pods from the port for
 * containerd: what comes from a pod's own node, no NetworkPolicy stops.
 *
 * <p>The other ports are open to all addresses: what comes by a hostPort may come from the address
 * of an agent or of its node, depending on the pod network, and where Prometheus is nobody says.
 */
public final class AgentNetworkPolicy {

  private AgentNetworkPolicy() {}

  public static NetworkPolicy of(RegistryMirror mirror) {
    PortsSpec ports = mirror.getSpec().ports();
    return new NetworkPolicyBuilder()
        .withMetadata(Names.owned(mirror, Names.own(mirror)))
        .withNewSpec()
        .withNewPodSelector()
        .withMatchLabels(Labels.ofAgents(mirror))
        .endPodSelector()
        .withPolicyTypes("Ingress", "Egress")
        .addNewIngress()
        .withPorts(tcp(ports.peer()), tcp(ports.metrics()))
        .endIngress()
        // To all: registries, and who gives tokens for them, are known by names alone.
        .withEgress(new NetworkPolicyEgressRule())
        .endSpec()
        .build();
  }

  private static NetworkPolicyPort tcp(int port) {
    return new NetworkPolicyPort(null, new IntOrString(port), "TCP");
  }
}
