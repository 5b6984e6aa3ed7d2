package dev.registrymirror.agent.http;

import dev.registrymirror.agent.RawClient;
import dev.registrymirror.agent.TestAgent;
import dev.registrymirror.agent.oci.Digest;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Collection;

/** Waits for what an agent's store takes a moment to see. */
final class HeldBlobs {

  private static final Duration BOUND = Duration.ofSeconds(10);

  private HeldBlobs() {}

  static void await(TestAgent agent, Collection<Digest> digests) throws IOException {
    for (Digest digest : digests) {
      // Asked as a peer: what the store itself holds.
      await(agent.blobAsPeer(digest));
    }
  }

  /** Waits until there is something. */
  static void await(URI blob) throws IOException {
    long until = System.nanoTime() + BOUND.toNanos();
    while (RawClient.head(blob).status() != 200) {
      if (System.nanoTime() > until) {
        throw new AssertionError("not there within " + BOUND + ": " + blob);
      }
      Thread.onSpinWait();
    }
  }
}
