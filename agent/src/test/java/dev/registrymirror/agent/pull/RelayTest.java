package dev.registrymirror.agent.pull;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.RawClient;
import dev.registrymirror.agent.RawClient.End;
import dev.registrymirror.agent.RawClient.Reply;
import dev.registrymirror.agent.TestAgent;
import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.TestImage;
import dev.registrymirror.agent.telemetry.Metrics.Result;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Blobs that come from peers, and peers that fail in every way. */
class RelayTest {

  private static final int SIZE = 2_000_000;
  private static final int HALF = SIZE / 2;

  /**
   * Short, so that failing peers are left soon, yet long enough for a busy machine; the order of
   * the bounds is the defaults'.
   */
  private static final Deadlines SHORT =
      new Deadlines(
          Duration.ofMillis(500),
          Duration.ofMillis(500),
          Duration.ofMillis(500),
          Duration.ofSeconds(1),
          Duration.ofSeconds(1),
          Duration.ofSeconds(1),
          Duration.ofSeconds(3),
          Duration.ofSeconds(2),
          Duration.ofSeconds(3),
          Duration.ofSeconds(2));

  @TempDir private Path folder;
  private final byte[] blob = bytes(SIZE);
  private final Digest digest = TestImage.digest(blob);
  private final List<FakePeer> peers = new ArrayList<>();
  private TestAgent agent;

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(7).nextBytes(bytes);
    return bytes;
  }

  @BeforeEach
  void anAgentWithoutTheBlob() throws IOException {
    TestAgent.Setup setup = new TestAgent.Setup();
    setup.deadlines = SHORT;
    agent = new TestAgent(folder, setup);
  }

  @AfterEach
  void stop() throws IOException {
    for (FakePeer peer : peers) {
      peer.close();
    }
    agent.close();
  }

  private FakePeer provider(FakePeer.Behaviour behaviour) throws Exception {
    FakePeer peer = new FakePeer(behaviour);
    peers.add(peer);
    peer.announce(agent, digest);
    return peer;
  }

  private URI uri() {
    return agent.uri("/v2/library/app/blobs/" + digest + "?ns=docker.io");
  }

  /** How a provider can fail. */
  @SuppressWarnings("ImmutableEnumChecker") // Behaviours have no state.
  enum Fault {
    CLOSES(FakePeer.CLOSES),
    RESETS(FakePeer.RESETS),
    STALLS(FakePeer.STALLS);

    private final FakePeer.Behaviour behaviour;

    Fault(FakePeer.Behaviour behaviour) {
      this.behaviour = behaviour;
    }
  }

  @Test
  void passesABlobOn() throws Exception {
    provider(FakePeer.serves(blob));

    Reply reply = RawClient.get(uri());

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.body()).isEqualTo(blob);
    assertThat(reply.header("Docker-Content-Digest")).isEqualTo(digest.toString());
    assertThat(agent.metrics().bytesByResult()).containsEntry(Result.PEER, (long) SIZE);
  }

  @Test
  void passesARangeOn() throws Exception {
    FakePeer peer = provider(FakePeer.serves(blob));

    Reply reply = RawClient.get(uri(), "Range: bytes=" + HALF + "-");

    assertThat(reply.status()).isEqualTo(206);
    assertThat(reply.body()).isEqualTo(Arrays.copyOfRange(blob, HALF, SIZE));
    assertThat(reply.header("Content-Range"))
        .isEqualTo("bytes " + HALF + "-" + (SIZE - 1) + "/" + SIZE);
    assertThat(peer.awaitAsked().range()).isEqualTo("bytes=" + HALF + "-");
  }

  @Test
  void passesAHeadOn() throws Exception {
    FakePeer peer = provider((asked, connection, out) -> out.write(FakePeer.head(0, SIZE, SIZE)));

    Reply reply = RawClient.head(uri());

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.header("Content-Length")).isEqualTo("" + SIZE);
    assertThat(peer.awaitAsked().line()).startsWith("HEAD ");
  }

  @ParameterizedTest
  @EnumSource
  void goesOnFromAnotherProviderAtTheOffset(Fault fault) throws Exception {
    // Given one provider that fails half way, whichever is asked first
    List<FakePeer> failing = new ArrayList<>();
    FakePeer.Behaviour once =
        (asked, connection, out) -> {
          boolean first;
          synchronized (failing) {
            first = failing.isEmpty();
            failing.add(peers.getFirst());
          }
          if (first) {
            FakePeer.sendsAndThen(blob, HALF, fault.behaviour).answer(asked, connection, out);
          } else {
            FakePeer.serves(blob).answer(asked, connection, out);
          }
        };
    provider(once);
    provider(once);

    // When the blob is asked for
    Reply reply = RawClient.get(uri());

    // Then it comes whole, the rest of it from the offset that was reached
    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.end()).isEqualTo(End.WHOLE);
    assertThat(reply.body()).isEqualTo(blob);
    assertThat(agent.metrics().bytesByResult()).containsEntry(Result.PEER, (long) SIZE);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "STALLS")
  void goesOnWithoutWaitingWhereAProviderEnds(Fault fault) throws Exception {
    // Given patience for a silent provider that is longer than the client's
    agent.close();
    TestAgent.Setup setup = new TestAgent.Setup();
    setup.deadlines =
        new Deadlines(
            SHORT.connect(),
            SHORT.lookup(),
            SHORT.place(),
            SHORT.firstByte(),
            Duration.ofMinutes(2),
            SHORT.flightQuiet(),
            SHORT.flightWait(),
            SHORT.upstreamHead(),
            SHORT.wholePull(),
            SHORT.drain());
    agent = new TestAgent(folder, setup);

    // When the end comes in the middle, or at once
    for (int sent : new int[] {HALF, 1_000}) {
      provider(FakePeer.sendsAndThen(blob, sent, fault.behaviour));

      // Then the client is told
      assertThat(RawClient.get(uri()).end()).isIn(End.FIN, End.WHOLE);
    }
  }

  @ParameterizedTest
  @EnumSource
  void endsWithFinWhereNobodyCanGoOn(Fault fault) throws Exception {
    provider(FakePeer.sendsAndThen(blob, HALF, fault.behaviour));

    Reply reply = RawClient.get(uri());

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.end()).isEqualTo(End.FIN);
    // A reset takes with it what the provider's kernel had not sent yet.
    assertThat(reply.body()).hasSizeBetween(1, HALF);
    assertThat(reply.body()).isEqualTo(Arrays.copyOf(blob, reply.body().length));
  }

  @ParameterizedTest
  @EnumSource
  void says404WhereNoByteComes(Fault fault) throws Exception {
    provider(FakePeer.sendsAndThen(blob, 0, fault.behaviour));

    // A body that ends without one byte would fail the pull.
    assertThat(RawClient.get(uri()).status()).isEqualTo(404);
  }

  @ParameterizedTest
  @EnumSource
  void says404WhereTheOnlyProviderDoesNotAnswer(Fault fault) throws Exception {
    provider(fault.behaviour);

    assertThat(RawClient.get(uri()).status()).isEqualTo(404);
  }

  @Test
  void asksTheNextWhereOneHasItNoLonger() throws Exception {
    FakePeer first = provider(FakePeer.REFUSES);
    FakePeer second = provider(FakePeer.REFUSES);

    assertThat(RawClient.get(uri()).status()).isEqualTo(404);
    first.awaitAsked();
    second.awaitAsked();
  }

  @Test
  void asksTheNextWhereOneRefusesTheConnection() throws Exception {
    provider(FakePeer.serves(blob)).close();
    provider(FakePeer.serves(blob));

    assertThat(RawClient.get(uri()).body()).isEqualTo(blob);
  }

  @Test
  void neverMixesBlobsOfDifferentSizes() throws Exception {
    // Given two providers that each break off half way and say different sizes
    FakePeer.Behaviour whole = FakePeer.sendsAndThen(blob, HALF, FakePeer.CLOSES);
    provider(
        (asked, connection, out) -> {
          if (asked.range().isEmpty()) {
            whole.answer(asked, connection, out);
          } else {
            out.write(FakePeer.head(HALF, SIZE + 1, SIZE + 1));
            out.write(new byte[SIZE + 1 - HALF]);
          }
        });
    provider(
        (asked, connection, out) -> {
          if (asked.range().isEmpty()) {
            whole.answer(asked, connection, out);
          } else {
            out.write(FakePeer.head(HALF, SIZE + 1, SIZE + 1));
            out.write(new byte[SIZE + 1 - HALF]);
          }
        });

    Reply reply = RawClient.get(uri());

    assertThat(reply.end()).isEqualTo(End.FIN);
    assertThat(reply.body()).isEqualTo(Arrays.copyOf(blob, HALF));
  }

  @ParameterizedTest
  @EnumSource(Garbage.class)
  void survivesGarbage(Garbage garbage) throws Exception {
    provider((asked, connection, out) -> out.write(garbage.text.getBytes(ISO_8859_1)));

    assertThat(RawClient.get(uri()).status()).isEqualTo(404);
  }

  /** What no agent says. */
  @SuppressWarnings("StringConcatToTextBlock") // Line ends are HTTP's.
  enum Garbage {
    NO_HTTP("\0\1\2\3\r\n\r\n"),
    NO_LENGTH("HTTP/1.1 200 OK\r\n\r\nabc"),
    NEGATIVE_LENGTH("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
    NO_TYPE("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
    NO_CONTENT_RANGE("HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\n\r\nabc"),
    ODD_CONTENT_RANGE(
        "HTTP/1.1 206 Partial Content\r\n"
            + "Content-Range: bytes 5-2/9\r\n"
            + "Content-Length: 3\r\n\r\n"
            + "abc"),
    UNASKED_RANGE(
        "HTTP/1.1 206 Partial Content\r\n"
            + "Content-Range: bytes 1-3/9\r\n"
            + "Content-Length: 3\r\n\r\n"
            + "abc"),
    REDIRECT("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"),
    SERVER_ERROR("HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nabc");

    private final String text;

    Garbage(String text) {
      this.text = text;
    }
  }

  @Test
  void letsGoOfTheProviderWhereTheClientLeaves() throws Exception {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    provider(
        FakePeer.sendsAndThen(
            blob,
            HALF,
            (asked, connection, out) -> {
              try {
                connection.getInputStream().read();
              } finally {
                // With FIN or with RST: to a peer it makes no difference.
                ended.complete(null);
              }
            }));

    try (RawClient client = new RawClient(uri())) {
      client.send("GET", uri());
      assertThat(client.socket().getInputStream().read()).isEqualTo('H');
    }

    assertThat(ended).succeedsWithin(Duration.ofSeconds(10));
  }

  @Test
  void readsNoFasterThanTheClientTakes() throws Exception {
    // Given a provider with far more than all buffers hold, and a client that takes nothing
    long size = 1L << 30;
    AtomicLong sent = new AtomicLong();
    provider(
        (asked, connection, out) -> {
          out.write(FakePeer.head(0, (int) size, (int) size));
          byte[] piece = new byte[1 << 20];
          while (sent.get() < size) {
            out.write(piece);
            sent.addAndGet(piece.length);
          }
        });
    try (RawClient client = new RawClient(uri())) {
      client.socket().setReceiveBufferSize(64 << 10);
      client.send("GET", uri());

      // When the provider comes to a halt
      long before;
      do {
        before = sent.get();
        new CompletableFuture<Void>().completeOnTimeout(null, 300, TimeUnit.MILLISECONDS).join();
      } while (sent.get() > before || sent.get() == 0);

      // Then what is under way is what sockets hold, far from the whole
      assertThat(sent.get()).isLessThan(64L << 20);
    }
  }

  @Test
  void passesOnWhatAProviderSentBeforeItEnded() throws Exception {
    // Given a provider that has sent all, and ended the connection, before the client takes any
    CompletableFuture<Void> sent = new CompletableFuture<>();
    provider(
        (asked, connection, out) -> {
          FakePeer.serves(blob).answer(asked, connection, out);
          connection.shutdownOutput();
          sent.complete(null);
          FakePeer.STALLS.answer(asked, connection, out);
        });
    try (RawClient client = new RawClient(uri())) {
      client.socket().setReceiveBufferSize(64 << 10);
      client.send("GET", uri());
      assertThat(sent).succeedsWithin(Duration.ofSeconds(10));

      // When it is taken
      Reply reply = client.receive(false);

      // Then nothing is missing
      assertThat(reply.end()).isEqualTo(End.WHOLE);
      assertThat(reply.body()).isEqualTo(blob);
    }
  }

  @Test
  void keepsAProvidersConnectionForTheNextBlob() throws Exception {
    // Given a provider that waits for a second request on the connection of the first
    provider(
        (asked, connection, out) -> {
          FakePeer.serves(blob).answer(asked, connection, out);
          if (FakePeer.nextRequest(connection)) {
            FakePeer.serves(blob).answer(asked, connection, out);
          }
          FakePeer.STALLS.answer(asked, connection, out);
        });

    // When two are made one after the other, on one event loop
    try (RawClient client = new RawClient(uri())) {
      for (int i = 0; i < 2; i++) {
        client.send("GET", uri());

        // Then both are answered
        assertThat(client.receive(false).body()).isEqualTo(blob);
      }
    }
    // and by one connection
    assertThat(peers.getLast().connections()).isEqualTo(1);
  }

  @Test
  void asksAProviderNoMoreWhoseBytesWereNotTaken() throws Exception {
    // Given a blob that a peer sent whole, and that this node's store did not take
    FakePeer peer = provider(FakePeer.serves(blob));
    RawClient.get(uri(), "User-Agent: containerd/1.7.35");
    peer.awaitAsked();

    // When it is asked for again from the start
    Reply again = RawClient.get(uri(), "User-Agent: containerd/1.7.35");

    // Then the peer is told to look at its copy, and not asked for it
    assertThat(again.status()).isEqualTo(404);
    assertThat(peer.awaitAsked().line()).isEqualTo("POST /v1/suspects/" + digest + " HTTP/1.1");
    assertThat(peer.wasAsked()).isFalse();
  }

  @Test
  void asksAProviderAgainForThoseWhoseStoreItDoesNotSee() throws Exception {
    provider(FakePeer.serves(blob));

    assertThat(RawClient.get(uri(), "User-Agent: curl/8").body()).isEqualTo(blob);
    assertThat(RawClient.get(uri(), "User-Agent: curl/8").body()).isEqualTo(blob);
  }

  @Test
  void waitsInVainNoLongerThanTheBudgetOfAWholePull() throws Exception {
    // Given providers that never answer, so that the first request spends the budget
    for (int i = 0; i < 8; i++) {
      provider(FakePeer.STALLS);
    }
    long began = System.nanoTime();
    assertThat(RawClient.get(uri()).status()).isEqualTo(404);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));

    // When another blob of the repository is asked for, which a good peer has
    byte[] other = bytes(10);
    FakePeer good = new FakePeer(FakePeer.serves(other));
    peers.add(good);
    good.announce(agent, TestImage.digest(other));
    URI next = agent.uri("/v2/library/app/blobs/" + TestImage.digest(other) + "?ns=docker.io");
    URI elsewhere = agent.uri("/v2/library/b/blobs/" + TestImage.digest(other) + "?ns=docker.io");

    // Then it is handed to upstream at once, while another repository's pull is served
    assertThat(RawClient.get(next).status()).isEqualTo(404);
    assertThat(RawClient.get(elsewhere).body()).isEqualTo(other);
  }

  @Test
  void blamesNobodyWhomTheBudgetLeftNoTime() throws Exception {
    // Given a budget that a first provider's silence all but spends, and a second that needs more
    agent.close();
    TestAgent.Setup setup = new TestAgent.Setup();
    setup.deadlines =
        new Deadlines(
            SHORT.connect(),
            SHORT.lookup(),
            SHORT.place(),
            SHORT.firstByte(),
            SHORT.stall(),
            SHORT.flightQuiet(),
            SHORT.flightWait(),
            SHORT.upstreamHead(),
            SHORT.firstByte().plusMillis(200),
            SHORT.drain());
    agent = new TestAgent(folder, setup);
    AtomicInteger asked = new AtomicInteger();
    CompletableFuture<Void> left = new CompletableFuture<>();
    FakePeer.Behaviour behaviour =
        (question, connection, out) -> {
          switch (asked.incrementAndGet()) {
            case 1 -> FakePeer.STALLS.answer(question, connection, out);
            case 2 -> {
              FakePeer.STALLS.answer(question, connection, out);
              left.complete(null);
            }
            default -> FakePeer.serves(blob).answer(question, connection, out);
          }
        };
    provider(behaviour);
    provider(behaviour);
    assertThat(RawClient.get(uri()).status()).isEqualTo(404);
    assertThat(asked).hasValue(2);
    assertThat(left).succeedsWithin(Duration.ofSeconds(10));

    // When another repository's pull wants the blob
    URI elsewhere = agent.uri("/v2/library/b/blobs/" + digest + "?ns=docker.io");

    // Then the second is still asked for it
    assertThat(RawClient.get(elsewhere).body()).isEqualTo(blob);
  }
}
