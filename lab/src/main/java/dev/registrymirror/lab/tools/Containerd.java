package dev.registrymirror.lab.tools;

/** The releases of containerd that the mirror is tried on. */
public enum Containerd {
  /** Debian 12's; the last before sandboxes and the transfer service, without content events. */
  V16("1.6", 2),
  /** The last of the 1.x line. */
  V17("1.7.35", 2),
  /** Pulls in the daemon's transfer service. */
  V24("2.4.2", 3);

  private final String release;
  private final int configVersion;

  Containerd(String release, int configVersion) {
    this.release = release;
    this.configVersion = configVersion;
  }

  /** How {@code containerd --version} begins to say it, without the {@code v}. */
  public String release() {
    return release;
  }

  /** The version of the configuration file that it is given. */
  public int configVersion() {
    return configVersion;
  }

  @Override
  public String toString() {
    return "containerd " + release;
  }
}
