package dev.registrymirror.agent.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.RawClient;
import dev.registrymirror.agent.RawClient.End;
import dev.registrymirror.agent.RawClient.Reply;
import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.peers.PeerTls;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Responses that are cut off, and those that must not be. */
class ConnectionTest {

  private static final long BOUND_SECONDS = 10;

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final CompletableFuture<Void> gone = new CompletableFuture<>();

  @AfterEach
  void stop() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private Listener listener(Connection.Handler handler) throws IOException {
    return new Listener(
        group,
        NioServerSocketChannel.class,
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        PeerTls.NONE,
        4096,
        handler);
  }

  private static URI uri(Listener listener) {
    return URI.create("http://127.0.0.1:" + listener.address().getPort() + "/");
  }

  @Test
  void whoMakesAResponseIsToldThatTheListenerHasCutItOff() throws Exception {
    // Given a response that is not ended
    CompletableFuture<Void> asked = new CompletableFuture<>();
    Listener listener =
        listener(
            (request, response) -> {
              response.onGone(() -> gone.complete(null));
              asked.complete(null);
            });
    try (RawClient client = new RawClient(uri(listener))) {
      client.send("GET", uri(listener));
      assertThat(asked).succeedsWithin(BOUND_SECONDS, TimeUnit.SECONDS);

      // When the listener is closed
      listener.close();

      // Then whoever makes it hears of it, and the client sees FIN
      assertThat(gone).succeedsWithin(BOUND_SECONDS, TimeUnit.SECONDS);
      assertThat(client.receive(false).end()).isEqualTo(End.FIN);
    }
  }

  @Test
  void aFaultEndsTheResponseAndWhoMakesIt() throws Exception {
    Listener listener =
        listener(
            (request, response) -> {
              response.onGone(() -> gone.complete(null));
              throw new IllegalStateException("a fault");
            });
    try (listener) {
      Reply reply = RawClient.get(uri(listener));

      assertThat(reply.end()).isEqualTo(End.FIN);
      assertThat(gone).succeedsWithin(BOUND_SECONDS, TimeUnit.SECONDS);
    }
  }

  @Test
  void bytesThatBecomeNoRequestDoNotCutOffTheResponse() {
    // Given a response under way
    EmbeddedChannel channel =
        new EmbeddedChannel(
            new RequestDeadline(),
            new HttpServerCodec(),
            new HttpObjectAggregator(4096),
            new Connection(
                (request, response) ->
                    response.start(
                        ByteRange.ALL, new ByteRange.Span(0, 5), 5, "text/plain", head -> {})));
    channel.freezeTime();
    channel.writeInbound(Unpooled.copiedBuffer("GET / HTTP/1.1\r\nHost: x\r\n\r\n", US_ASCII));

    // When the beginning of a next request stays one
    channel.writeInbound(Unpooled.copiedBuffer("GE", US_ASCII));
    channel.advanceTimeBy(RequestDeadline.SECONDS + 1, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();

    // Then the response goes on
    assertThat(channel.isOpen()).isTrue();
    channel.finishAndReleaseAll();
  }
}
