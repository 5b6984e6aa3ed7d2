package dev.registrymirror.operator.crd;

/** What a user may say of the nodes; what each stands for is the operator's {@code Platform}. */
public enum PlatformName {
  Auto,
  Talos,
  K3s,
  RKE2,
  K0s,
  Containerd,
  Custom
}
