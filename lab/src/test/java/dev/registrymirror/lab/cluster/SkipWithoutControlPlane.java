package dev.registrymirror.lab.cluster;

import dev.registrymirror.lab.SkipWithoutTools;
import dev.registrymirror.lab.tools.KubernetesTools;

/** What {@link NeedsControlPlane} says. */
final class SkipWithoutControlPlane extends SkipWithoutTools {

  SkipWithoutControlPlane() {
    super("Kubernetes' API server");
  }

  @Override
  protected String obstacle() {
    return KubernetesTools.obstacle();
  }

  @Override
  protected void prepare() {
    KubernetesTools tools = KubernetesTools.prepare();
    tools.etcd();
    tools.apiServer();
    tools.kubectl();
  }
}
