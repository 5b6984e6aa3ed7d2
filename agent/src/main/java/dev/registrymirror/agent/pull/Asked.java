package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.bounds.BoundedMap;
import dev.registrymirror.agent.oci.Digest;
import java.util.Collections;
import java.util.Set;

/**
 * What was asked for and is not here yet: what comes without was pulled past the agent. Any thread.
 */
final class Asked {

  /** More than a node downloads at once; the oldest are forgotten. */
  static final int MAX = 8192;

  private final Set<Digest> digests = Collections.newSetFromMap(new BoundedMap<>(MAX));

  synchronized void add(Digest digest) {
    // As one of the newest.
    digests.remove(digest);
    digests.add(digest);
  }

  synchronized boolean contains(Digest digest) {
    return digests.contains(digest);
  }

  /** It has come. */
  synchronized void remove(Digest digest) {
    digests.remove(digest);
  }
}
