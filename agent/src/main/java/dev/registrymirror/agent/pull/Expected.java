package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.bounds.BoundedMap;
import dev.registrymirror.agent.oci.Digest;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * What this node's containerd has lately asked for and has to bring from somewhere: until its
 * download grows, this is all that tells that it will. Any thread.
 */
final class Expected {

  /** The oldest are forgotten beyond so many. */
  static final int MAX = 1024;

  private final Map<Digest, Long> asked = new BoundedMap<>(MAX);

  /** containerd asks for it. */
  synchronized void asked(Digest digest) {
    asked.remove(digest);
    asked.put(digest, System.nanoTime());
  }

  /** It has come, or will not. */
  synchronized void over(Digest digest) {
    asked.remove(digest);
  }

  /** How long ago containerd asked; empty where nothing is expected. */
  synchronized Optional<Duration> since(Digest digest) {
    return Optional.ofNullable(asked.get(digest)).map(Pull::since);
  }
}
