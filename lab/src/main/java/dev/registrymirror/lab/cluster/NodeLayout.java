package dev.registrymirror.lab.cluster;

/** Where a kind of node has its containerd, and what it says of itself. */
public enum NodeLayout {
  /** containerd's own paths. */
  STANDARD(
      "/run/containerd/containerd.sock", "/etc/containerd/certs.d", "/var/lib/containerd", "", ""),
  /** Talos's: the hosts directory is another, and the node's osImage begins with Talos. */
  TALOS(
      "/run/containerd/containerd.sock",
      "/etc/cri/conf.d/hosts",
      "/var/lib/containerd",
      "Talos (v1.9.0)",
      ""),
  /** k3s's: all paths are its own, and so is kubelet's version. */
  K3S(
      "/run/k3s/containerd/containerd.sock",
      "/var/lib/rancher/k3s/agent/etc/containerd/certs.d",
      "/var/lib/rancher/k3s/agent/containerd",
      "",
      "+k3s1");

  private final String socket;
  private final String hostsDirectory;
  private final String root;
  private final String osImage;
  private final String versionSuffix;

  NodeLayout(
      String socket, String hostsDirectory, String root, String osImage, String versionSuffix) {
    this.socket = socket;
    this.hostsDirectory = hostsDirectory;
    this.root = root;
    this.osImage = osImage;
    this.versionSuffix = versionSuffix;
  }

  /** containerd's socket. */
  public String socket() {
    return socket;
  }

  /** Where containerd looks for hosts.toml files: its {@code config_path}. */
  public String hostsDirectory() {
    return hostsDirectory;
  }

  /** containerd's root, in which its content store is. */
  public String root() {
    return root;
  }

  /** The {@code PRETTY_NAME} of its os-release; empty: the machine's own. */
  String osImage() {
    return osImage;
  }

  /** What kubelet's version ends with. */
  String versionSuffix() {
    return versionSuffix;
  }
}
