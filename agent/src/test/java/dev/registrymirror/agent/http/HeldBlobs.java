package dev.registrymirror.agent.http;

import dev.registrymirror.agent.RawClient;
import dev.registrymirror.agent.TestAgent;
import dev.registrymirror.agent.oci.Digest;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;

/** Waits for what an agent's store takes a moment to see. */
final class HeldBlobs {

  private static final Duration BOUND = Duration.ofSeconds(10);

  private HeldBlobs() {}

  static void await(TestAgent agent, Collection<Digest> digests) throws IOException {
    long until = System.nanoTime() + BOUND.toNanos();
    for (Digest digest : digests) {
      // Asked as a peer: what the store itself holds.
      while (RawClient.head(agent.blobAsPeer(digest)).status() != 200) {
        if (System.nanoTime() > until) {
          throw new AssertionError("not held within " + BOUND + ": " + digest);
        }
        Thread.onSpinWait();
      }
    }
  }
}
