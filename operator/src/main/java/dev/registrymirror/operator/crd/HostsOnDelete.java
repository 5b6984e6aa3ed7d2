package dev.registrymirror.operator.crd;

/** What becomes of containerd's hosts files. */
public enum HostsOnDelete {
  Restore,
  Keep
}
