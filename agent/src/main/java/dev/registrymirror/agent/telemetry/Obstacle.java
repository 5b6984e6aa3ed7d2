package dev.registrymirror.agent.telemetry;

import java.util.Locale;

/** What keeps this node's containerd from asking the mirror, or this node from sharing. */
public enum Obstacle {
  /** containerd does not read the hosts directory that the mirror writes. */
  CONFIG_PATH,
  /** Its transfer service, which pulls, takes several directories for one path. */
  TRANSFER_SERVICE,
  /** The hosts directory does not have the mirror's entry. */
  HOSTS_CHANGED,
  /** containerd deletes layers once they are unpacked. */
  LAYERS_DISCARDED,
  /** containerd, or its content store, is not to be seen. */
  STORE_UNREACHABLE,
  /** It cannot be told. */
  UNKNOWN;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** As in metrics and status: {@code config_path}. */
  public String label() {
    return label;
  }
}
