package dev.registrymirror.agent.homes;

/**
 * Another agent, or this one: a node of the cluster.
 *
 * <p>Identity is the address: rolling the agents of a cluster changes no peer.
 *
 * @param host the node's IP address as text, IPv6 without brackets
 * @param port the port where it listens for agents
 * @param zone the node's topology zone, empty where unknown
 */
public record Peer(String host, int port, String zone) {

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
