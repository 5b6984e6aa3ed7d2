package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.bounds.BoundedMap;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.oci.Digest;
import java.util.Map;
import java.util.Optional;

/**
 * Blobs that a peer has sent whole and that this node's store has not taken yet. containerd checks
 * the digest only at the end, so this is how the mirror learns that a peer's copy is bad.
 */
final class Delivered {

  /** The oldest are forgotten: a store that takes them later costs nothing. */
  static final int MAX = 1024;

  private final Map<Digest, Peer> from = new BoundedMap<>(MAX);

  synchronized void add(Digest digest, Peer peer) {
    from.put(digest, peer);
  }

  synchronized Optional<Peer> remove(Digest digest) {
    return Optional.ofNullable(from.remove(digest));
  }
}
