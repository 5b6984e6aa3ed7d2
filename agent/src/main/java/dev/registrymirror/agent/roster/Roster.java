package dev.registrymirror.agent.roster;

import dev.registrymirror.agent.homes.Peer;
import java.util.Set;
import java.util.function.Consumer;

/** Who is in the cluster. */
public interface Roster extends AutoCloseable {

  /**
   * Begins to watch. {@code listener} is told the whole roster when it is first known and after
   * every change, one call at a time, from a thread of the roster's own; it must neither block nor
   * throw. A roster of nobody is not told. Returns at once.
   */
  void start(Consumer<Set<Peer>> listener);

  /** The members as last known; empty until then. From any thread. */
  Set<Peer> members();

  /** Ends watching. */
  @Override
  void close();
}
