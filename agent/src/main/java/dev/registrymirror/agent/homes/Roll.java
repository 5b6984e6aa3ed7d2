package dev.registrymirror.agent.homes;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The members as the homes see them: who comes counts at once, who goes counts after a while. */
final class Roll {

  private final Timers timers;
  private final long removalDebounce;
  private final Shards shards;
  private final Listener listener;

  /** When those that the roster no longer lists cease to be members. */
  private final Map<Peer, Long> goneAt = new HashMap<>();

  interface Listener {
    /**
     * The members have changed.
     *
     * @param former the homes before, of the shards that have others now
     */
    void changed(List<Peer> added, Map<Integer, List<Peer>> former);
  }

  Roll(Timers timers, Settings settings, Shards shards, Listener listener) {
    this.timers = timers;
    this.removalDebounce = settings.times().removalDebounce();
    this.shards = shards;
    this.listener = listener;
  }

  void roster(Collection<Peer> members) {
    Set<Peer> listed = new HashSet<>(members);
    goneAt.keySet().removeAll(listed);
    if (shards.size() == 1 && !listed.isEmpty() && !listed.containsAll(shards.members())) {
      // A node that was alone is no home of others' at once: nobody has told it anything as one.
      change(List.copyOf(listed), Set.copyOf(shards.members()));
      return;
    }
    boolean gone = false;
    for (Peer member : shards.members()) {
      if (!listed.contains(member)) {
        gone |= goneAt.putIfAbsent(member, timers.millis() + removalDebounce) == null;
      }
    }
    if (gone) {
      timers.in(removalDebounce, this::remove);
    }
    List<Peer> added = listed.stream().filter(peer -> !shards.contains(peer)).toList();
    change(added, Set.of());
  }

  private void remove() {
    long now = timers.millis();
    Set<Peer> removed = new HashSet<>();
    goneAt.forEach(
        (member, at) -> {
          if (at <= now) {
            removed.add(member);
          }
        });
    goneAt.keySet().removeAll(removed);
    change(List.of(), removed);
  }

  private void change(List<Peer> added, Set<Peer> removed) {
    if (!added.isEmpty() || !removed.isEmpty()) {
      listener.changed(added, shards.change(added, removed));
    }
  }
}
