package dev.registrymirror.agent.roster;

import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.telemetry.Log;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** The members as last known, and who is told when they change. */
final class Members {

  /** A roster may have no more nodes: what Kubernetes supports, twice. */
  static final int MAX_NODES = 10_000;

  private static final Log log = Log.of("roster");

  private final Consumer<Set<Peer>> listener;

  // Written by the roster's thread, read by any.
  private volatile Set<Peer> current = Set.of();

  Members(Consumer<Set<Peer>> listener) {
    this.listener = listener;
  }

  Set<Peer> current() {
    return current;
  }

  /** Tells the listener where {@code peers} are others than before, or in other zones. */
  void publish(List<Peer> peers) {
    Set<Peer> next = Collections.unmodifiableSet(new LinkedHashSet<>(peers));
    Set<Peer> before = current;
    if (!zones(next).equals(zones(before))) {
      current = next;
      log.info("roster changed", "nodes", next.size(), "before", before.size());
      listener.accept(next);
    }
  }

  private static Map<Peer, String> zones(Set<Peer> peers) {
    Map<Peer, String> zones = new HashMap<>();
    peers.forEach(peer -> zones.put(peer, peer.zone()));
    return zones;
  }
}
