package dev.registrymirror.operator.nodes;

import dev.registrymirror.operator.crd.PlatformName;
import java.util.Locale;

/**
 * What runs a node, as its Node object tells, and where containerd keeps its things there.
 *
 * @see <a href="https://docs.k3s.io/installation/private-registry">k3s: private registry</a>
 */
public enum Platform {
  CONTAINERD(
      PlatformName.Containerd,
      "/run/containerd/containerd.sock",
      "/etc/containerd/certs.d",
      "/var/lib/containerd"),
  TALOS(
      PlatformName.Talos,
      "/run/containerd/containerd.sock",
      "/etc/cri/conf.d/hosts",
      "/var/lib/containerd"),
  K3S(
      PlatformName.K3s,
      "/run/k3s/containerd/containerd.sock",
      "/var/lib/rancher/k3s/agent/etc/containerd/certs.d",
      "/var/lib/rancher/k3s/agent/containerd"),
  RKE2(
      PlatformName.RKE2,
      "/run/k3s/containerd/containerd.sock",
      "/var/lib/rancher/rke2/agent/etc/containerd/certs.d",
      "/var/lib/rancher/rke2/agent/containerd"),
  K0S(PlatformName.K0s, "/run/k0s/containerd.sock", "/etc/k0s/certs.d", "/var/lib/k0s/containerd"),
  /** Its hosts are set through its settings API, not by files. */
  BOTTLEROCKET("Bottlerocket: its mirrors are set through its settings API, not by files"),
  /** CRI-O, Docker: no containerd. */
  OTHER_RUNTIME("its container runtime is not containerd"),
  WINDOWS("Windows: the agent is built for Linux");

  private static final String CONTENT = "/io.containerd.content.v1.content";

  private final PlatformName name;
  private final String socket;
  private final String hostsDirectory;
  private final String root;
  private final String obstacle;

  Platform(PlatformName name, String socket, String hostsDirectory, String root) {
    this.name = name;
    this.socket = socket;
    this.hostsDirectory = hostsDirectory;
    this.root = root;
    this.obstacle = "";
  }

  Platform(String obstacle) {
    this.name = null;
    this.socket = "";
    this.hostsDirectory = "";
    this.root = "";
    this.obstacle = obstacle;
  }

  /** The platform of a node. */
  public static Platform of(NodeFacts node) {
    if (!node.operatingSystem().equals("linux")) {
      return WINDOWS;
    }
    if (!node.containerRuntime().startsWith("containerd://")) {
      return OTHER_RUNTIME;
    }
    if (node.osImage().startsWith("Talos")) {
      return TALOS;
    }
    if (node.osImage().contains("Bottlerocket")) {
      return BOTTLEROCKET;
    }
    if (node.kubeletVersion().contains("+k3s")) {
      return K3S;
    }
    if (node.kubeletVersion().contains("+rke2")) {
      return RKE2;
    }
    return node.kubeletVersion().contains("+k0s") ? K0S : CONTAINERD;
  }

  /** The platform that a user named; not for Auto and Custom, which name none. */
  public static Platform named(PlatformName name) {
    for (Platform platform : values()) {
      if (platform.name == name) {
        return platform;
      }
    }
    throw new IllegalArgumentException("no platform: " + name);
  }

  public boolean isSupported() {
    return name != null;
  }

  /** Why agents cannot work there; empty where they can. */
  public String obstacle() {
    return obstacle;
  }

  /** Where containerd's things are; only where it is supported. */
  public ContainerdPaths paths() {
    return new ContainerdPaths(socket, "k8s.io", root + CONTENT, hostsDirectory);
  }

  /** As status shows it. */
  @Override
  public String toString() {
    return isSupported() ? name.name() : name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
