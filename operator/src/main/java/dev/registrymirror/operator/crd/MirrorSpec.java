package dev.registrymirror.operator.crd;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Objects;

/**
 * What is wanted. The API server fills in the defaults; here they are for objects older than it.
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value =
        "!has(self.platform) || self.platform != 'Custom' || (has(self.containerd) &&"
            + " has(self.containerd.socket) && has(self.containerd.contentStore) &&"
            + " has(self.containerd.hostsDirectory))",
    message =
        "platform Custom needs containerd.socket, containerd.contentStore and"
            + " containerd.hostsDirectory: the paths on the nodes")
@ValidationRule(
    value =
        "!has(self.networkPolicy) || self.networkPolicy != 'Managed' ||"
            + " (has(self.agent) && has(self.agent.hostNetwork) && !self.agent.hostNetwork)",
    message =
        "a NetworkPolicy does not hold for pods in the node's network: with networkPolicy Managed"
            + " set agent.hostNetwork to false, or leave it to a firewall on the nodes")
public record MirrorSpec(
    @JsonPropertyDescription(
            "What runs the nodes, which says where containerd keeps its socket, its content and its"
                + " hosts directory. Auto finds it from the Node objects; where the nodes differ,"
                + " make one RegistryMirror for each platform with agent.nodeSelector.")
        @Default("Auto")
        PlatformName platform,
    @JsonPropertyDescription("containerd's places on the nodes, where they are not the platform's.")
        ContainerdSpec containerd,
    @JsonPropertyDescription(
            "Host names of the registries to mirror, such as docker.io. None: all of them.")
        List<String> registries,
    @JsonPropertyDescription(
            "Who says what a tag stands for. Revalidate: upstream, and the cluster where upstream"
                + " is broken. Serve: the cluster first; fastest, may be stale. Never: upstream"
                + " alone.")
        @Default("Revalidate")
        TagPolicy tags,
    @JsonPropertyDescription("The ports on the nodes.") @Default("{}") PortsSpec ports,
    @JsonPropertyDescription(
            "Mutual TLS between the nodes. Managed: certificates are made and rotated by the"
                + " operator. Disabled: plaintext, for networks that are encrypted already.")
        @Default("Managed")
        @JsonProperty("peerTLS")
        Provision peerTls,
    @JsonPropertyDescription(
            "What containerd shows the node's mirror, so that pods cannot pull through it. Managed:"
                + " made and rotated by the operator. Disabled: pods can.")
        @Default("Managed")
        Provision pullCredential,
    @JsonPropertyDescription(
            "A NetworkPolicy for the agents. Managed: other agents reach the peer port, Prometheus"
                + " the metrics port, and only the node itself the registry port; holds only with"
                + " agent.hostNetwork false. Disabled: there is none.")
        @Default("Disabled")
        Provision networkPolicy,
    @JsonPropertyDescription("The agents' pods.") @Default("{}") AgentSpec agent,
    @JsonPropertyDescription("How Prometheus and Grafana learn of the agents.") @Default("{}")
        MonitoringSpec monitoring,
    @JsonPropertyDescription("What becomes of the nodes when this resource is deleted.")
        @Default("{}")
        OnDeleteSpec onDelete,
    @JsonPropertyDescription(
            "Leaves everything as it is until this is false again; deletion still works.")
        @Default("false")
        Boolean suspend) {

  public MirrorSpec {
    platform = Objects.requireNonNullElse(platform, PlatformName.Auto);
    containerd = Objects.requireNonNullElse(containerd, ContainerdSpec.EMPTY);
    registries = registries == null ? List.of() : List.copyOf(registries);
    tags = Objects.requireNonNullElse(tags, TagPolicy.Revalidate);
    ports = Objects.requireNonNullElse(ports, PortsSpec.DEFAULTS);
    peerTls = Objects.requireNonNullElse(peerTls, Provision.Managed);
    pullCredential = Objects.requireNonNullElse(pullCredential, Provision.Managed);
    networkPolicy = Objects.requireNonNullElse(networkPolicy, Provision.Disabled);
    agent = Objects.requireNonNullElse(agent, AgentSpec.DEFAULTS);
    monitoring = Objects.requireNonNullElse(monitoring, MonitoringSpec.DEFAULTS);
    onDelete = Objects.requireNonNullElse(onDelete, OnDeleteSpec.DEFAULTS);
    suspend = Objects.requireNonNullElse(suspend, false);
  }
}
