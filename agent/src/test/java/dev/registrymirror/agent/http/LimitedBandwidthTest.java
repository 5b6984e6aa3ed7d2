package dev.registrymirror.agent.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.RawClient;
import dev.registrymirror.agent.TestAgent;
import dev.registrymirror.agent.cli.TransferOptions;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.TestImage;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blobs between agents whose bandwidth is limited: in pieces, and whole all the same. */
class LimitedBandwidthTest {

  private static final long LIMIT = 20_000_000;

  @TempDir private Path folder;

  @Test
  void blobsComeWholeAtALimitedRate() throws Exception {
    // Given a node that may not send, and one that may not take, more than so much
    TestAgent.Setup sender = new TestAgent.Setup();
    sender.transfers = new TransferOptions(2, LIMIT, 0);
    byte[] blob = new byte[3_000_001];
    new Random(1).nextBytes(blob);
    Digest digest = TestImage.digest(blob);
    try (TestAgent provider = new TestAgent(folder.resolve("provider"), sender)) {
      provider.put(digest, blob);
      HeldBlobs.await(provider, Set.of(digest));
      TestAgent.Setup taker = new TestAgent.Setup();
      taker.transfers = new TransferOptions(2, 0, LIMIT);
      taker.seeds = List.of(provider.peer().port());
      try (TestAgent puller = new TestAgent(folder.resolve("puller"), taker)) {
        // When
        RawClient.Reply direct = RawClient.get(provider.blobAsPeer(digest));
        URI throughPuller = puller.uri("/v2/library/app/blobs/" + digest + "?ns=docker.io");
        HeldBlobs.await(throughPuller);
        RawClient.Reply relayed = RawClient.get(throughPuller);

        // Then
        assertThat(direct.body()).isEqualTo(blob);
        assertThat(relayed.body()).isEqualTo(blob);
      }
    }
  }
}
