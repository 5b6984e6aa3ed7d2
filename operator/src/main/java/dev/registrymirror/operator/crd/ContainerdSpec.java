package dev.registrymirror.operator.crd;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** Null where the platform's own is meant. */
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value =
        "[has(self.socket) ? self.socket : '/x', has(self.contentStore) ? self.contentStore : '/x',"
            + " has(self.hostsDirectory) ? self.hostsDirectory : '/x'].all(p, p.startsWith('/') &&"
            + " p != '/' && !p.contains('//') && !p.split('/').exists(s, s == '..' || s == '.'))",
    message =
        "socket, contentStore and hostsDirectory are absolute paths on the nodes, without .. in"
            + " them: /run/containerd/containerd.sock")
public record ContainerdSpec(
    @JsonPropertyDescription("containerd's socket: /run/containerd/containerd.sock.")
        @Size(max = ContainerdSpec.MAX_PATH)
        String socket,
    @JsonPropertyDescription("containerd's namespace whose images are shared; k8s.io.")
        @Pattern("^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$")
        @Size(max = 76)
        String namespace,
    @JsonPropertyDescription(
            "The folder of containerd's blobs:"
                + " /var/lib/containerd/io.containerd.content.v1.content.")
        @Size(max = ContainerdSpec.MAX_PATH)
        String contentStore,
    @JsonPropertyDescription(
            "The folder that containerd's config_path names: /etc/containerd/certs.d.")
        @Size(max = ContainerdSpec.MAX_PATH)
        String hostsDirectory) {

  static final int MAX_PATH = 1024;

  static final ContainerdSpec EMPTY = new ContainerdSpec(null, null, null, null);
}
