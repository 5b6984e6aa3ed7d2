package dev.registrymirror.lab.cluster;

import java.net.URI;

/**
 * The configuration of a node's programs. Whatever this says of paths is as it is in the node's
 * box.
 *
 * @param upstream where the lab's registry is
 */
record NodeFiles(ClusterNetwork network, int node, ClusterNodeOptions options, URI upstream) {

  static final String CONTAINERD_CONFIG = "/etc/containerd/config.toml";
  static final String KUBELET_CONFIG = "/var/lib/kubelet/config.yaml";
  static final String KUBELET_KUBECONFIG = "/var/lib/kubelet/kubeconfig";
  static final String KUBELET_CERTIFICATE = "/var/lib/kubelet/pki/kubelet.crt";
  static final String KUBELET_KEY = "/var/lib/kubelet/pki/kubelet.key";
  static final String CLUSTER_CA = "/var/lib/kubelet/pki/ca.crt";
  static final String PROXY_CONFIG = "/var/lib/kube-proxy/config.yaml";
  static final String PROXY_KUBECONFIG = "/var/lib/kube-proxy/kubeconfig";
  static final String PLUGINS = "/opt/cni/bin";

  static final String PAUSE_ARCHIVE = "/opt/lab/pause.tar";

  /** Every node has it before it starts, so that pods need no registry for it. */
  static final String PAUSE_IMAGE = "localhost/pause:1";

  /** Writes all that is known before the node starts. */
  void writeTo(Box box) {
    box.write(
        "/etc/hosts",
        "127.0.0.1 localhost\n%s %s\n".formatted(network.address(node), network.name(node)));
    box.write("/etc/resolv.conf", "");
    NodeLayout layout = options.layout();
    if (!layout.osImage().isEmpty()) {
      box.write(
          "/etc/os-release",
          "NAME=\"%1$s\"\nID=lab\nPRETTY_NAME=\"%1$s\"\n".formatted(layout.osImage()));
    }
    box.write(CONTAINERD_CONFIG, containerd());
    box.write(
        layout.hostsDirectory() + "/registry.lab/hosts.toml", "server = \"" + upstream + "\"\n");
    box.write("/etc/cni/net.d/10-lab.conflist", podNetwork());
    box.write(KUBELET_CONFIG, kubelet());
    box.write(PROXY_CONFIG, proxy());
  }

  private String containerd() {
    NodeLayout layout = options.layout();
    String socket = layout.socket();
    String configPath =
        options.readsHosts() ? "config_path = \"" + layout.hostsDirectory() + "\"" : "";
    return """
    version = 3
    root = "%1$s"
    state = "%2$s"
    [grpc]
      address = "%3$s"
    [plugins.'io.containerd.cri.v1.images']
      snapshotter = "overlayfs"
      discard_unpacked_layers = %4$s
      [plugins.'io.containerd.cri.v1.images'.pinned_images]
        sandbox = "%5$s"
      [plugins.'io.containerd.cri.v1.images'.registry]
        %6$s
    [plugins.'io.containerd.cri.v1.runtime']
      restrict_oom_score_adj = true
      [plugins.'io.containerd.cri.v1.runtime'.containerd]
        default_runtime_name = "runc"
      [plugins.'io.containerd.cri.v1.runtime'.cni]
        bin_dirs = ["%7$s"]
        conf_dir = "/etc/cni/net.d"
    [plugins.'io.containerd.internal.v1.opt']
      path = "%1$s/opt"
    [plugins.'io.containerd.transfer.v1.local']
      %6$s
    """
        .formatted(
            layout.root(),
            socket.substring(0, socket.lastIndexOf('/')),
            socket,
            options.discardsUnpackedLayers(),
            PAUSE_IMAGE,
            configPath,
            PLUGINS);
  }

  private String podNetwork() {
    return """
    {"cniVersion": "1.0.0", "name": "lab", "plugins": [
      {"type": "ptp", "ipMasq": false, "ipam": {"type": "host-local",
        "ranges": [[{"subnet": "%s"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
      {"type": "portmap", "capabilities": {"portMappings": true}, "snat": true,
        "backend": "nftables"}]}
    """
        .formatted(network.pods(node));
  }

  private String kubelet() {
    return """
    apiVersion: kubelet.config.k8s.io/v1beta1
    kind: KubeletConfiguration
    authentication:
      anonymous: {enabled: false}
      webhook: {enabled: true}
      x509: {clientCAFile: %1$s}
    authorization: {mode: Webhook}
    tlsCertFile: %2$s
    tlsPrivateKeyFile: %3$s
    containerRuntimeEndpoint: unix://%4$s
    cgroupDriver: cgroupfs
    cgroupRoot: /%5$s
    # Pods may have all that the machine has.
    enforceNodeAllocatable: []
    failCgroupV1: false
    failSwapOn: false
    oomScoreAdj: 0
    resolvConf: ""
    clusterDomain: cluster.local
    nodeStatusUpdateFrequency: 4s
    nodeLeaseDurationSeconds: 20
    evictionHard: {memory.available: 50Mi, nodefs.available: 1%%}
    imageGCHighThresholdPercent: 100
    """
        .formatted(
            CLUSTER_CA,
            KUBELET_CERTIFICATE,
            KUBELET_KEY,
            options.layout().socket(),
            network.namespace(node));
  }

  private String proxy() {
    return """
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    mode: nftables
    clientConnection: {kubeconfig: %s}
    hostnameOverride: %s
    clusterCIDR: %s
    # The kernel's table of connections is the whole machine's.
    conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
    """
        .formatted(PROXY_KUBECONFIG, network.name(node), ClusterNetwork.PODS);
  }
}
