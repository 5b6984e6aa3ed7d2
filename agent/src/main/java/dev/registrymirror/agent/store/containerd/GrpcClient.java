package dev.registrymirror.agent.store.containerd;

import com.google.protobuf.MessageLite;
import dev.registrymirror.agent.telemetry.Log;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.nio.file.Path;
import java.time.Duration;

/**
 * One connection to a gRPC server on a unix domain socket, as far as containerd needs it: a call
 * sends one message and is answered by one or more. Written against "gRPC over HTTP2" (grpc/grpc,
 * doc/PROTOCOL-HTTP2.md); the paragraphs are named where they are followed. It takes the place of a
 * library that would cost every node 14 MiB.
 *
 * <p>Not reconnected by itself: who holds it opens another. No PINGs are sent: servers in Go refuse
 * them more often than every five minutes (GOAWAY, {@code too_many_pings}); who holds it calls
 * something now and then, with a deadline.
 *
 * <p>Bounds: {@link #CONNECT}, {@link #MAX_MESSAGE_BYTES} a message, {@link #MAX_HEADER_BYTES} of
 * headers, {@link #WINDOW_BYTES} under way per call (HTTP/2 flow control).
 */
// What is sent or closed in vain ends in the call's or the connection's own end.
@SuppressWarnings("FutureReturnValueIgnored")
final class GrpcClient implements AutoCloseable {

  private static final Log log = Log.of("containerd");

  static final Duration CONNECT = Duration.ofSeconds(2);
  static final int MAX_MESSAGE_BYTES = 16 << 20;
  static final int MAX_HEADER_BYTES = 16 << 10;
  static final int WINDOW_BYTES = 256 << 10;

  /** "Length-Prefixed-Message": one byte says whether it is compressed, four how long it is. */
  static final int PREFIX_BYTES = 5;

  /** Hears of one call; on the connection's event loop, and must not block. */
  interface Answers<A> {
    /** A message of the answer. */
    void message(A message);

    /** The call ended; said once, nothing follows. */
    void ended(GrpcStatus status);
  }

  /** Hears of one connection; on its event loop. */
  interface Connected {
    /** Calls may be made. */
    void opened(GrpcClient client);

    /** It could not be opened, or was lost; said once, nothing follows. */
    void closed(String why);
  }

  private final Channel connection;
  private final String namespace;

  private GrpcClient(Channel connection, String namespace) {
    this.connection = connection;
    this.namespace = namespace;
  }

  /**
   * Connects, within {@link #CONNECT}.
   *
   * @param namespace of containerd, sent with each call as {@code containerd-namespace}
   */
  static void open(EventLoopGroup group, Path socket, String namespace, Connected connected) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(group)
            .channel(EpollDomainSocketChannel.class)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) CONNECT.toMillis())
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        // Frames; refuses pushes, as the server has nothing to push.
                        .addLast(
                            Http2FrameCodecBuilder.forClient()
                                // A subscription never ends by itself: closing waits for none.
                                .gracefulShutdownTimeoutMillis(0)
                                .initialSettings(
                                    Http2Settings.defaultSettings()
                                        .pushEnabled(false)
                                        .initialWindowSize(WINDOW_BYTES)
                                        .maxHeaderListSize(MAX_HEADER_BYTES))
                                .build())
                        // A channel for each call.
                        .addLast(new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()))
                        // What concerns the whole connection.
                        .addLast(new ConnectionEnd());
                  }
                });
    bootstrap
        .connect(new DomainSocketAddress(socket.toString()))
        .addListener(
            (ChannelFuture opening) -> {
              if (!opening.isSuccess()) {
                connected.closed(opening.cause().toString());
                return;
              }
              Channel channel = opening.channel();
              ConnectionEnd end = channel.pipeline().get(ConnectionEnd.class);
              channel.closeFuture().addListener(closed -> connected.closed(end.why));
              connected.opened(new GrpcClient(channel, namespace));
            });
  }

  /**
   * Calls; {@code answers} hears of it in any case.
   *
   * @param deadline for the whole call; zero for one without end
   */
  <Q extends MessageLite, A extends MessageLite> void call(
      GrpcMethod<Q, A> method, Q request, Duration deadline, Answers<A> answers) {
    GrpcCall<A> call = new GrpcCall<>(method, answers);
    new Http2StreamChannelBootstrap(connection)
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel stream) {
                stream
                    .pipeline()
                    // Headers and trailers end here; data goes on as bytes.
                    .addLast(call)
                    // Messages, whole.
                    .addLast(
                        new LengthFieldBasedFrameDecoder(
                            MAX_MESSAGE_BYTES + PREFIX_BYTES, 1, Integer.BYTES))
                    // Parsed and handed over.
                    .addLast(call.messages());
              }
            })
        .open()
        .addListener(
            (Future<Http2StreamChannel> opening) -> {
              if (opening.isSuccess()) {
                send(opening.getNow(), call, method, request, deadline);
              } else {
                call.end(new GrpcStatus(GrpcStatus.UNAVAILABLE, opening.cause().toString()));
              }
            });
  }

  private <Q extends MessageLite, A extends MessageLite> void send(
      Http2StreamChannel stream,
      GrpcCall<A> call,
      GrpcMethod<Q, A> method,
      Q request,
      Duration deadline) {
    // "Requests": Request-Headers, in this order.
    Http2Headers headers =
        new DefaultHttp2Headers()
            .method("POST")
            .scheme("http")
            .path(method.path())
            .authority("localhost")
            .set("te", "trailers");
    if (!deadline.isZero()) {
      headers.set("grpc-timeout", deadline.toMillis() + "m");
      call.endAfter(stream, deadline);
    }
    headers
        .set("content-type", "application/grpc")
        .set("user-agent", "registry-mirror")
        .set("containerd-namespace", namespace);
    byte[] body = request.toByteArray();
    ByteBuf message = stream.alloc().buffer(PREFIX_BYTES + body.length);
    message.writeByte(0).writeInt(body.length).writeBytes(body);
    stream.write(new DefaultHttp2HeadersFrame(headers, false));
    stream
        .writeAndFlush(new DefaultHttp2DataFrame(message, true))
        .addListener(
            (ChannelFuture sent) -> {
              if (!sent.isSuccess()) {
                call.end(new GrpcStatus(GrpcStatus.UNAVAILABLE, sent.cause().toString()));
              }
            });
  }

  /** Ends the calls under way, {@link GrpcStatus#UNAVAILABLE}. */
  @Override
  public void close() {
    connection.close();
  }

  /** Closes the connection where it is of no more use. */
  private static final class ConnectionEnd extends ChannelInboundHandlerAdapter {
    // Of the event loop only.
    private String why = "closed";

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
      try {
        // The server is going: a call without end would keep it waiting.
        if (frame instanceof Http2GoAwayFrame goAway) {
          why = "the server says goodbye, error code " + goAway.errorCode();
          ctx.close();
        }
      } finally {
        ReferenceCountUtil.release(frame);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      why = cause.toString();
      log.debug("connection failed", "because", why);
      ctx.close();
    }
  }
}
