package dev.registrymirror.agent.store.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.Empty;
import dev.registrymirror.agent.store.containerd.api.Envelope;
import dev.registrymirror.agent.store.containerd.api.SubscribeRequest;
import dev.registrymirror.agent.store.containerd.api.VersionResponse;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against servers that answer as containerd never would. */
// What a server writes in vain shows in the result of the call.
@SuppressWarnings("FutureReturnValueIgnored")
class GrpcClientTest {

  private static final Duration DEADLINE = Duration.ofSeconds(5);
  private static final Duration SHORT = Duration.ofMillis(200);

  @TempDir Path temp;
  private MultiThreadIoEventLoopGroup group;

  @BeforeEach
  void needsEpoll() {
    assumeTrue(Epoll.isAvailable(), "needs Linux: epoll");
    group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  }

  @AfterEach
  void endThreads() throws Exception {
    if (group != null) {
      group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }
  }

  private Path socket() {
    return temp.resolve("socket");
  }

  private void listen(ChannelInboundHandlerAdapter... handlers) throws Exception {
    new ServerBootstrap()
        .group(group)
        .channel(EpollServerDomainSocketChannel.class)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(handlers);
              }
            })
        .bind(new DomainSocketAddress(socket().toString()))
        .sync();
  }

  /** A server of HTTP/2 that does {@code answer} once the request's headers are there. */
  private void serve(Consumer<ChannelHandlerContext> answer) throws Exception {
    listen(
        Http2FrameCodecBuilder.forServer().build(),
        new Http2MultiplexHandler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel stream) {
                stream
                    .pipeline()
                    .addLast(
                        new ChannelInboundHandlerAdapter() {
                          @Override
                          public void channelRead(ChannelHandlerContext ctx, Object frame) {
                            if (frame instanceof Http2HeadersFrame) {
                              answer.accept(ctx);
                            }
                            ReferenceCountUtil.release(frame);
                          }
                        });
              }
            }));
  }

  private void sendBytes(byte[] bytes) throws Exception {
    listen(
        new ChannelInboundHandlerAdapter() {
          @Override
          public boolean isSharable() {
            return true;
          }

          @Override
          public void channelActive(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(bytes));
          }
        });
  }

  private static void headers(ChannelHandlerContext ctx) {
    ctx.write(new DefaultHttp2HeadersFrame(grpc(), false));
  }

  private static Http2Headers grpc() {
    return new DefaultHttp2Headers().status("200").set("content-type", "application/grpc");
  }

  private static void data(ChannelHandlerContext ctx, ByteBuf bytes, boolean last) {
    ctx.writeAndFlush(new DefaultHttp2DataFrame(bytes, last));
  }

  private static ByteBuf prefixed(int flag, byte[] message) {
    return Unpooled.buffer().writeByte(flag).writeInt(message.length).writeBytes(message);
  }

  private static byte[] version(String version) {
    return VersionResponse.newBuilder().setVersion(version).build().toByteArray();
  }

  private static void trailers(ChannelHandlerContext ctx, String status, String message) {
    ctx.writeAndFlush(
        new DefaultHttp2HeadersFrame(
            new DefaultHttp2Headers().set("grpc-status", status).set("grpc-message", message),
            true));
  }

  /** What came of a call. */
  private record Result(GrpcStatus status, List<String> messages) {}

  private Result call(Duration deadline) throws Exception {
    CompletableFuture<Result> result = new CompletableFuture<>();
    List<String> messages = new ArrayList<>();
    GrpcClient.open(
        group,
        socket(),
        "k8s.io",
        new GrpcClient.Connected() {
          @Override
          public void opened(GrpcClient client) {
            client.call(
                GrpcMethod.VERSION,
                Empty.getDefaultInstance(),
                deadline,
                new GrpcClient.Answers<>() {
                  @Override
                  public void message(VersionResponse answer) {
                    messages.add(answer.getVersion());
                  }

                  @Override
                  public void ended(GrpcStatus status) {
                    if (!result.complete(new Result(status, List.copyOf(messages)))) {
                      throw new AssertionError("said twice");
                    }
                  }
                });
          }

          @Override
          public void closed(String why) {
            // After a call that ended this says nothing new.
            result.complete(
                new Result(new GrpcStatus(GrpcStatus.UNAVAILABLE, "closed: " + why), messages));
          }
        });
    return result.get(20, TimeUnit.SECONDS);
  }

  @Test
  void joinsAMessageThatComesInPieces() throws Exception {
    serve(
        ctx -> {
          headers(ctx);
          ByteBuf all = prefixed(0, version("2.4.2"));
          while (all.isReadable()) {
            data(ctx, all.readBytes(1), false);
          }
          trailers(ctx, "0", "");
        });

    Result result = call(DEADLINE);

    assertThat(result.status()).isEqualTo(GrpcStatus.OK);
    assertThat(result.messages()).containsExactly("2.4.2");
  }

  @Test
  void tellsTheReleaseOnce() throws Exception {
    serve(
        ctx -> {
          headers(ctx);
          data(ctx, prefixed(0, version("v2.4.2")), false);
          trailers(ctx, "0", "");
        });

    assertThat(ContainerdVersion.ask(group, socket(), "k8s.io")).isEqualTo("v2.4.2");
  }

  @Test
  void whatIsNoContainerdHasNoRelease() throws Exception {
    serve(
        ctx -> {
          headers(ctx);
          trailers(ctx, "12", "unknown service");
        });
    assertThatThrownBy(() -> ContainerdVersion.ask(group, socket(), "k8s.io"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("unknown service");

    Path nobody = socket().resolveSibling("nobody.sock");
    assertThatThrownBy(() -> ContainerdVersion.ask(group, nobody, "k8s.io"))
        .isInstanceOf(IOException.class)
        .hasMessage("it is not there");
  }

  @Test
  void refusesAnyNumberOfMessagesButOne() throws Exception {
    serve(
        ctx -> {
          headers(ctx);
          data(ctx, prefixed(0, version("1")).writeBytes(prefixed(0, version("2"))), false);
          trailers(ctx, "0", "");
        });

    assertThat(call(DEADLINE).status().message()).isEqualTo("2 messages in place of one");
  }

  @Test
  void refusesAMessageThatIsCutShort() throws Exception {
    serve(
        ctx -> {
          headers(ctx);
          data(ctx, prefixed(0, version("2.4.2")).readBytes(7), false);
          trailers(ctx, "0", "");
        });

    assertThat(call(DEADLINE).status().message()).isEqualTo("0 messages in place of one");
  }

  @Test
  void readsAMessageLargerThanTheWindow() throws Exception {
    String large = "x".repeat(3 * GrpcClient.WINDOW_BYTES);
    serve(
        ctx -> {
          headers(ctx);
          data(ctx, prefixed(0, version(large)), false);
          trailers(ctx, "0", "");
        });

    assertThat(call(DEADLINE).messages()).containsExactly(large);
  }

  @Test
  void tellsTheServersError() throws Exception {
    serve(
        ctx ->
            ctx.writeAndFlush(
                new DefaultHttp2HeadersFrame(
                    grpc().set("grpc-status", "5").set("grpc-message", "no%20such%C3%A9 %zz %2"),
                    true)));

    assertThat(call(DEADLINE).status()).isEqualTo(new GrpcStatus(5, "no suché %zz %2"));
  }

  @Test
  void refusesAMessageThatIsTooLarge() throws Exception {
    serve(
        ctx -> {
          headers(ctx);
          data(
              ctx,
              Unpooled.buffer().writeByte(0).writeInt(GrpcClient.MAX_MESSAGE_BYTES + 1),
              false);
        });

    assertThat(call(DEADLINE).status().code()).isEqualTo(GrpcStatus.RESOURCE_EXHAUSTED);
  }

  @Test
  void refusesAnImpossibleLength() throws Exception {
    serve(
        ctx -> {
          headers(ctx);
          data(ctx, Unpooled.buffer().writeByte(0).writeInt(-1), false);
        });

    assertThat(call(DEADLINE).status().isOk()).isFalse();
  }

  @Test
  void refusesACompressedMessage() throws Exception {
    serve(
        ctx -> {
          headers(ctx);
          data(ctx, prefixed(1, version("1")), false);
        });

    assertThat(call(DEADLINE).status().code()).isEqualTo(GrpcStatus.INTERNAL);
  }

  @Test
  void refusesAMessageThatDoesNotParse() throws Exception {
    serve(
        ctx -> {
          headers(ctx);
          data(ctx, prefixed(0, new byte[] {(byte) 0xff, (byte) 0xff}), false);
        });

    assertThat(call(DEADLINE).status().code()).isEqualTo(GrpcStatus.INTERNAL);
  }

  @Test
  void refusesAnAnswerWithoutTrailers() throws Exception {
    serve(
        ctx -> {
          headers(ctx);
          data(ctx, prefixed(0, version("1")), true);
        });

    assertThat(call(DEADLINE).status().code()).isEqualTo(GrpcStatus.INTERNAL);
  }

  @Test
  void refusesAnOrdinaryServer() throws Exception {
    serve(
        ctx ->
            ctx.writeAndFlush(
                new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("404"), true)));

    assertThat(call(DEADLINE).status().message()).contains("HTTP status 404");
  }

  @Test
  void refusesAStatusThatIsNoNumber() throws Exception {
    serve(
        ctx ->
            ctx.writeAndFlush(
                new DefaultHttp2HeadersFrame(grpc().set("grpc-status", "fine"), true)));

    assertThat(call(DEADLINE).status().code()).isEqualTo(GrpcStatus.UNKNOWN);
  }

  @Test
  void endsWithAReset() throws Exception {
    serve(ctx -> ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.REFUSED_STREAM)));

    assertThat(call(DEADLINE).status().code()).isEqualTo(GrpcStatus.UNAVAILABLE);
  }

  @Test
  void endsWithTheConnection() throws Exception {
    serve(ctx -> ctx.channel().parent().close());

    assertThat(call(DEADLINE).status().code()).isEqualTo(GrpcStatus.UNAVAILABLE);
  }

  @Test
  void endsWithAGoodbye() throws Exception {
    serve(
        ctx -> {
          headers(ctx);
          ctx.channel()
              .parent()
              .writeAndFlush(
                  new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR).setExtraStreamIds(100));
        });

    assertThat(call(DEADLINE).status().code()).isEqualTo(GrpcStatus.UNAVAILABLE);
  }

  @Test
  void endsAtItsDeadline() throws Exception {
    serve(GrpcClientTest::headers);

    assertThat(call(SHORT).status().code()).isEqualTo(GrpcStatus.DEADLINE_EXCEEDED);
  }

  @Test
  void endsAtItsDeadlineWhereNobodySpeaks() throws Exception {
    sendBytes(new byte[0]);

    assertThat(call(SHORT).status().code()).isEqualTo(GrpcStatus.DEADLINE_EXCEEDED);
  }

  @Test
  void survivesGarbage() throws Exception {
    byte[] garbage = new byte[10_000];
    new Random(1).nextBytes(garbage);
    sendBytes(garbage);

    assertThat(call(DEADLINE).status().isOk()).isFalse();
  }

  @Test
  void survivesHttp1() throws Exception {
    sendBytes(
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.UTF_8));

    assertThat(call(DEADLINE).status().isOk()).isFalse();
  }

  @Test
  void saysThatNobodyListens() throws Exception {
    assertThat(call(DEADLINE).status().message()).startsWith("closed: ");
  }

  @Test
  void streamsWithoutADeadline() throws Exception {
    CompletableFuture<ChannelHandlerContext> stream = new CompletableFuture<>();
    serve(
        ctx -> {
          headers(ctx);
          stream.complete(ctx);
        });
    CompletableFuture<String> topic = new CompletableFuture<>();
    CompletableFuture<GrpcStatus> end = new CompletableFuture<>();
    CompletableFuture<String> closed = new CompletableFuture<>();
    CompletableFuture<GrpcClient> opened = new CompletableFuture<>();
    GrpcClient.open(
        group,
        socket(),
        "k8s.io",
        new GrpcClient.Connected() {
          @Override
          public void opened(GrpcClient client) {
            opened.complete(client);
          }

          @Override
          public void closed(String why) {
            closed.complete(why);
          }
        });
    opened
        .get(5, TimeUnit.SECONDS)
        .call(
            GrpcMethod.EVENTS,
            SubscribeRequest.getDefaultInstance(),
            Duration.ZERO,
            new GrpcClient.Answers<>() {
              @Override
              public void message(Envelope answer) {
                topic.complete(answer.getTopic());
              }

              @Override
              public void ended(GrpcStatus status) {
                end.complete(status);
              }
            });

    byte[] event = Envelope.newBuilder().setTopic("/images/create").build().toByteArray();
    data(stream.get(5, TimeUnit.SECONDS), prefixed(0, event), false);
    assertThat(topic.get(5, TimeUnit.SECONDS)).isEqualTo("/images/create");

    opened.get().close();

    assertThat(end.get(5, TimeUnit.SECONDS).code()).isEqualTo(GrpcStatus.UNAVAILABLE);
    assertThat(closed.get(5, TimeUnit.SECONDS)).isNotEmpty();
  }
}
