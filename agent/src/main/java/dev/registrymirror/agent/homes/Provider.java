package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.util.Set;

/** What a home knows of a node that announced something to it. */
final class Provider {

  /** With the zone that the node itself said last. */
  Peer peer;

  /** The node's run that the following belong to; 0: it announced nothing yet. */
  long incarnation;

  /** The last announcement that was applied. */
  long sequence;

  /** When it announced last, be it nothing new. */
  long heard;

  /** When what it holds is forgotten, unless it says it again: it has restarted. */
  long confirmBy = Long.MAX_VALUE;

  /** It said that it is stopping: late announcements of that incarnation count for nothing. */
  boolean left;

  /** Pairs of digest and provider, and records of tags, that are kept of it. */
  int holdings;

  /** The order in which providers were handed out first: the least goes next. */
  long handedOut;

  /** Cannot be connected to, as somebody reported. */
  long unreachableUntil = Long.MIN_VALUE;

  /**
   * How often room had been made when something of it was left out for want of room; -1: nothing
   * was.
   */
  long leftOutAt = -1;

  /** While it sends everything: what was known of it before and has not appeared again. */
  Leftovers leftovers;

  Provider(Peer peer, long now) {
    this.peer = peer;
    this.heard = now;
  }

  /** Digests and tags that a provider may hold no longer. */
  record Leftovers(Set<Digest> digests, Set<Tag> tags) {}
}
