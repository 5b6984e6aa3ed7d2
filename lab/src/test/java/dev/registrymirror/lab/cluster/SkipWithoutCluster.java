package dev.registrymirror.lab.cluster;

import dev.registrymirror.lab.SkipWithoutTools;
import dev.registrymirror.lab.tools.Containerd;
import dev.registrymirror.lab.tools.KubernetesTools;
import dev.registrymirror.lab.tools.Tools;

/** What {@link NeedsCluster} says. */
final class SkipWithoutCluster extends SkipWithoutTools {

  SkipWithoutCluster() {
    super("a cluster");
  }

  @Override
  protected String obstacle() {
    return Cluster.obstacle();
  }

  @Override
  protected void prepare() {
    Tools tools = Tools.prepare();
    tools.registry();
    tools.runc();
    tools.busybox();
    tools.skopeo();
    tools.containerd(Containerd.V24);
    KubernetesTools kubernetes = KubernetesTools.prepare();
    kubernetes.etcd();
    kubernetes.apiServer();
    kubernetes.kubectl();
    kubernetes.controllerManager();
    kubernetes.scheduler();
    kubernetes.proxy();
    kubernetes.cniPlugins();
    for (NodeLayout layout : NodeLayout.values()) {
      kubernetes.kubelet(layout.versionSuffix());
    }
  }
}
