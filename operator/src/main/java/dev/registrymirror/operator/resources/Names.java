package dev.registrymirror.operator.resources;

import dev.registrymirror.operator.crd.RegistryMirror;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;

/** What the things that a RegistryMirror makes are called, and whose they are. */
public final class Names {

  private Names() {}

  /**
   * DaemonSet, Service, NetworkPolicy, ServiceMonitor and PrometheusRule are called as the
   * RegistryMirror.
   */
  public static String own(RegistryMirror mirror) {
    return mirror.getMetadata().getName();
  }

  public static String roster(RegistryMirror mirror) {
    return own(mirror) + "-roster";
  }

  /** The Secret that the operator keeps to itself. */
  public static String authority(RegistryMirror mirror) {
    return own(mirror) + "-ca";
  }

  /** The Secret that agents mount. */
  public static String peerIdentity(RegistryMirror mirror) {
    return own(mirror) + "-peer";
  }

  public static String pullCredential(RegistryMirror mirror) {
    return own(mirror) + "-pull-credential";
  }

  public static String dashboard(RegistryMirror mirror) {
    return own(mirror) + "-dashboard";
  }

  /** The metadata of something owned: it goes when the RegistryMirror has gone. */
  static ObjectMeta owned(RegistryMirror mirror, String name) {
    return new ObjectMetaBuilder()
        .withName(name)
        .withNamespace(mirror.getMetadata().getNamespace())
        .withLabels(Labels.of(mirror))
        .withOwnerReferences(owner(mirror))
        .build();
  }

  private static OwnerReference owner(RegistryMirror mirror) {
    return new OwnerReferenceBuilder()
        .withApiVersion(mirror.getApiVersion())
        .withKind(mirror.getKind())
        .withName(mirror.getMetadata().getName())
        .withUid(mirror.getMetadata().getUid())
        .withController(true)
        .withBlockOwnerDeletion(true)
        .build();
  }
}
