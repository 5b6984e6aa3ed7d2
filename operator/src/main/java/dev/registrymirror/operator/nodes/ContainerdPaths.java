package dev.registrymirror.operator.nodes;

import dev.registrymirror.operator.crd.ContainerdSpec;
import java.util.Objects;

/**
 * Where containerd's things are on the nodes.
 *
 * @param socket its socket; the directory of it is mounted, as containerd makes it anew when it
 *     restarts
 * @param namespace whose images are shared
 * @param contentStore its folder of blobs
 * @param hostsDirectory its {@code config_path}
 */
public record ContainerdPaths(
    String socket, String namespace, String contentStore, String hostsDirectory) {

  /** For a resource that gives all of them itself (platform Custom). */
  public static final ContainerdPaths NONE = new ContainerdPaths("", "k8s.io", "", "");

  /** These, with what a user gives in their place. */
  public ContainerdPaths with(ContainerdSpec given) {
    return new ContainerdPaths(
        Objects.requireNonNullElse(given.socket(), socket),
        Objects.requireNonNullElse(given.namespace(), namespace),
        Objects.requireNonNullElse(given.contentStore(), contentStore),
        Objects.requireNonNullElse(given.hostsDirectory(), hostsDirectory));
  }

  /** The folder that the socket is in. */
  public String socketDirectory() {
    return socket.substring(0, socket.lastIndexOf('/'));
  }
}
