package dev.registrymirror.agent.homes;

/**
 * Another agent, or this one: a node of the cluster.
 *
 * <p>Identity is the address: rolling the agents of a cluster changes no peer, and neither does a
 * zone that is learned later.
 *
 * @param host the node's IP address as text, IPv6 without brackets; at most {@link
 *     #MAX_HOST_LENGTH} characters
 * @param port the port where it listens for agents
 * @param zone the node's topology zone, empty where unknown; at most {@link #MAX_ZONE_LENGTH}
 *     characters
 */
public record Peer(String host, int port, String zone) {

  public static final int MAX_HOST_LENGTH = 64;

  /** The longest value of a label in Kubernetes, where zones come from. */
  public static final int MAX_ZONE_LENGTH = 63;

  /**
   * @throws IllegalArgumentException where the host is empty, the port is none, or a text too long
   */
  public Peer {
    if (host.isEmpty() || host.length() > MAX_HOST_LENGTH) {
      throw new IllegalArgumentException("not a peer's host: " + host);
    }
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("not a port: " + port);
    }
    if (zone.length() > MAX_ZONE_LENGTH) {
      throw new IllegalArgumentException("zone longer than " + MAX_ZONE_LENGTH + ": " + zone);
    }
  }

  /** {@code host:port}, IPv6 bracketed: what shards are ranked by. */
  public String address() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Peer peer && port == peer.port && host.equals(peer.host);
  }

  @Override
  public int hashCode() {
    return host.hashCode() * 31 + port;
  }

  @Override
  public String toString() {
    return address();
  }
}
