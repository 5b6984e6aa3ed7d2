package dev.registrymirror.operator.nodes;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * When a mirror's roster is published anew. Every publication moves shards between agents, so there
 * is one in {@link #APART} at most, and a node that is gone stays on it for {@link #GONE}: it may
 * be back before that.
 */
public final class RosterPace {

  static final Duration APART = Duration.ofSeconds(30);
  static final Duration GONE = Duration.ofSeconds(60);

  private final Map<String, Seen> seen = new HashMap<>();
  private Instant published = Instant.MIN;

  private record Seen(NodeFacts node, Instant last) {}

  /** The nodes for the roster: those there are now, and those that were until lately. */
  public synchronized List<NodeFacts> nodes(Collection<NodeFacts> now, Instant when) {
    now.forEach(node -> seen.put(node.name(), new Seen(node, when)));
    seen.values().removeIf(node -> !node.last().plus(GONE).isAfter(when));
    return seen.values().stream().map(Seen::node).toList();
  }

  /** How long a publication has to wait; empty where it need not, and then it counts as done. */
  public synchronized Optional<Duration> wait(Instant when) {
    if (published.equals(Instant.MIN) || !when.isBefore(published.plus(APART))) {
      published = when;
      return Optional.empty();
    }
    return Optional.of(Duration.between(when, published.plus(APART)));
  }
}
