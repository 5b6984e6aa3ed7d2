package dev.registrymirror.agent.pull;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.RawClient;
import dev.registrymirror.agent.RawClient.End;
import dev.registrymirror.agent.RawClient.Reply;
import dev.registrymirror.agent.TestAgent;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.TestImage;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;

/** Blobs that pass through an agent at once, from providers that fail anywhere in the middle. */
class RelayChaosTest {

  private static final int PROVIDERS = 3;
  private static final int BLOBS = 24;
  private static final int AT_ONCE = 8;
  private static final int MAX_SIZE = 3_000_000;

  private final List<FakePeer> peers = new ArrayList<>();
  private Path folder;
  private TestAgent agent;

  @BeforeTry
  void start() throws IOException {
    folder = Files.createTempDirectory("relay-chaos");
    agent = new TestAgent(folder, new TestAgent.Setup());
  }

  @AfterTry
  void stop() throws IOException {
    for (FakePeer peer : peers) {
      peer.close();
    }
    agent.close();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** What passes on is never anything but the blob, from where it was asked for. */
  @Property(tries = 20, shrinking = ShrinkingMode.OFF)
  void nothingIsLostDoubledOrMixed(@ForAll long seed) throws Exception {
    // Given
    Random random = new Random(seed);
    Map<String, byte[]> blobs = new HashMap<>();
    for (int i = 0; i < BLOBS; i++) {
      byte[] blob = new byte[1 + random.nextInt(MAX_SIZE)];
      random.nextBytes(blob);
      blobs.put(TestImage.digest(blob).toString(), blob);
    }
    for (int i = 0; i < PROVIDERS; i++) {
      long own = random.nextLong();
      FakePeer peer =
          new FakePeer((asked, connection, out) -> answer(blobs, own, asked, connection));
      peers.add(peer);
      peer.announce(agent, blobs.keySet().stream().map(Digest::parse).toArray(Digest[]::new));
    }

    // When
    List<Callable<Boolean>> pulls = new ArrayList<>();
    blobs.forEach((digest, blob) -> pulls.add(() -> isWhole(digest, blob)));
    int whole = 0;
    try (ExecutorService clients = Executors.newFixedThreadPool(AT_ONCE)) {
      for (Future<Boolean> pull : clients.invokeAll(pulls)) {
        whole += pull.get() ? 1 : 0;
      }
    }

    // Then
    assertThat(whole).isPositive();
  }

  /** Serves what is asked for, or breaks off anywhere in it, by FIN or by RST. */
  private static void answer(
      Map<String, byte[]> blobs, long seed, FakePeer.Asked asked, Socket connection)
      throws Exception {
    String digest = asked.line().replaceAll(".*(sha256:[0-9a-f]+).*", "$1");
    byte[] blob = blobs.get(digest);
    Random random = new Random(seed ^ digest.hashCode());
    int start =
        asked.range().isEmpty()
            ? 0
            : Integer.parseInt(asked.range().replaceAll("bytes=([0-9]+)-", "$1"));
    FakePeer.Behaviour fault = random.nextBoolean() ? FakePeer.CLOSES : FakePeer.RESETS;
    int left = blob.length - start;
    int sent =
        switch (random.nextInt(4)) {
          case 0 -> left;
          // The end comes with the beginning.
          case 1 -> Math.min(left, random.nextInt(2_000));
          default -> random.nextInt(left);
        };
    var out = connection.getOutputStream();
    out.write(FakePeer.head(start, blob.length, blob.length));
    out.write(blob, start, sent);
    if (sent < left) {
      fault.answer(asked, connection, out);
    }
  }

  private boolean isWhole(String digest, byte[] blob) throws Exception {
    URI uri = agent.uri("/v2/library/app/blobs/" + digest + "?ns=docker.io");
    Reply reply = RawClient.get(uri);
    if (reply.status() != 200) {
      return false;
    }
    assertThat(Arrays.mismatch(reply.body(), blob))
        .as("first byte of " + reply.body().length + " that is not the blob's")
        .isIn(-1, reply.body().length);
    return reply.end() == End.WHOLE;
  }
}
