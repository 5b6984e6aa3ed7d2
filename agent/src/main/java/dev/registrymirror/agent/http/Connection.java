package dev.registrymirror.agent.http;

import dev.registrymirror.agent.telemetry.Log;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;

/**
 * One connection from containerd or from a peer: its requests one at a time, in order, and an end
 * that both survive.
 *
 * <p>A connection never ends with RST: containerd would fail the pull at once. The kernel sends one
 * where a socket is closed while bytes are unread, so the sending side is shut first, and what
 * still arrives is read and dropped until the other side closes too.
 */
final class Connection extends ChannelInboundHandlerAdapter {

  private static final Log log = Log.of("http");

  /**
   * Requests sent ahead of their answers. containerd sends none; more than these end the
   * connection.
   */
  static final int MAX_PIPELINED = 8;

  /** From our FIN until the other side's; then the socket is closed whatever it does. */
  static final int LINGER_SECONDS = 5;

  /** Answers one request; it must end the response, or this connection. */
  interface Handler {
    void handle(FullHttpRequest request, Response response);
  }

  private final Handler handler;

  // For the connection's life.
  private ChannelHandlerContext ctx;
  private final Queue<FullHttpRequest> waiting = new ArrayDeque<>(2);
  private boolean draining;
  private boolean finished;

  // For one request's life.
  private Response current;

  Connection(Handler handler) {
    this.handler = handler;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (finished || !(message instanceof FullHttpRequest request)) {
      ReferenceCountUtil.release(message);
      return;
    }
    context.pipeline().get(RequestDeadline.class).met();
    if (current == null) {
      begin(request);
    } else if (waiting.size() < MAX_PIPELINED) {
      waiting.add(request);
    } else {
      request.release();
      log.debug("too many pipelined requests", "client", ctx.channel().remoteAddress());
      finish();
    }
  }

  private void begin(FullHttpRequest request) {
    current = new Response(this, request);
    try {
      Throwable malformed = malformed(request);
      if (malformed == null) {
        handler.handle(request, current);
      } else {
        log.debug(
            "malformed request",
            "client",
            ctx.channel().remoteAddress(),
            "why",
            malformed.getMessage());
        current.closeAfter();
        current.error(
            malformed instanceof TooLongFrameException
                ? ErrorCode.REQUEST_TOO_LARGE
                : ErrorCode.REQUEST_INVALID);
      }
    } catch (RuntimeException e) {
      log.error("request failed", e, "uri", request.uri());
      breakOff();
    } finally {
      request.release();
    }
  }

  private static Throwable malformed(FullHttpRequest request) {
    HttpVersion version = request.protocolVersion();
    return version.equals(HttpVersion.HTTP_1_1) || version.equals(HttpVersion.HTTP_1_0)
        ? request.decoderResult().cause()
        : new IllegalArgumentException("unknown version: " + version);
  }

  /** The response is written: on to the next request. */
  void responded(boolean keepAlive) {
    current = null;
    if (!keepAlive || draining) {
      finish();
      return;
    }
    FullHttpRequest next = waiting.poll();
    if (next != null) {
      begin(next);
    }
  }

  /** Ends after the response that is under way, or now where there is none. */
  void drain() {
    if (current == null) {
      finish();
    } else {
      draining = true;
    }
  }

  /** Ends in the middle of a response, or without one: FIN after what was written so far. */
  void breakOff() {
    abandonCurrent();
    finish();
  }

  /** Whoever still makes the response need not go on. */
  private void abandonCurrent() {
    Response abandoned = current;
    current = null;
    if (abandoned != null) {
      abandoned.clientGone();
    }
  }

  private void finish() {
    if (finished) {
      return;
    }
    finished = true;
    releaseWaiting();
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> shutOutput());
  }

  private void shutOutput() {
    Channel channel = ctx.channel();
    SslHandler tls = ctx.pipeline().get(SslHandler.class);
    if (tls != null) {
      tls.closeOutbound();
    }
    ((DuplexChannel) channel).shutdownOutput();
    channel.config().setAutoRead(true);
    Future<?> close =
        ctx.executor().schedule(() -> channel.close(), LINGER_SECONDS, TimeUnit.SECONDS);
    channel.closeFuture().addListener(closed -> close.cancel(false));
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (current != null && context.channel().isWritable()) {
      current.writable();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    releaseWaiting();
    abandonCurrent();
  }

  private void releaseWaiting() {
    for (FullHttpRequest request; (request = waiting.poll()) != null; ) {
      request.release();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof IdleStateEvent) {
      context.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    log.debug(
        "connection failed", "client", context.channel().remoteAddress(), "why", cause.toString());
    context.close();
  }

  ChannelHandlerContext ctx() {
    return ctx;
  }
}
