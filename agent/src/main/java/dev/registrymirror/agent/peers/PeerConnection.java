package dev.registrymirror.agent.peers;

import dev.registrymirror.agent.homes.Peer;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** A connection to another agent, for one {@link Exchange} after the other. */
final class PeerConnection extends ChannelInboundHandlerAdapter {

  // For the connection's life.
  private final PeerConnections connections;
  private final Peer peer;
  private ChannelHandlerContext ctx;
  private Future<?> closing;

  // For one exchange's life.
  private Exchange exchange;
  private boolean keepAlive;

  // What the limit on what is taken from peers wants before the next read, in milliseconds.
  private long pause;

  PeerConnection(PeerConnections connections, Peer peer) {
    this.connections = connections;
    this.peer = peer;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
  }

  boolean isOpen() {
    return ctx.channel().isActive();
  }

  void begin(FullHttpRequest request, Exchange next) {
    if (closing != null) {
      closing.cancel(false);
      closing = null;
    }
    exchange = next;
    exchange.sent(this);
    ctx.writeAndFlush(request)
        .addListener(
            written -> {
              if (!written.isSuccess()) {
                close();
              }
            });
    ctx.read();
  }

  /** Reads on, where the exchange was not {@link Exchange#ready ready} before. */
  void read() {
    readOn();
  }

  private void readOn() {
    if (pause > 0) {
      Future<?> _ = ctx.executor().schedule(ctx::read, pause, TimeUnit.MILLISECONDS);
      pause = 0;
    } else {
      ctx.read();
    }
  }

  void closeAfter(Future<?> idle) {
    closing = idle;
  }

  void close() {
    ctx.close();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (exchange == null
        || (message instanceof HttpObject part && part.decoderResult().isFailure())) {
      ReferenceCountUtil.release(message);
      context.close();
      return;
    }
    if (message instanceof HttpResponse head) {
      keepAlive = HttpUtil.isKeepAlive(head);
      exchange.response(head);
      if (exchange != null && !connections.download().isLimited()) {
        Splice.begin(context.channel(), exchange, HttpUtil.getContentLength(head, -1L));
      }
    }
    if (message instanceof HttpContent part && exchange != null) {
      if (part.content().isReadable()) {
        pause = connections.download().pauseAfter(part.content().readableBytes());
        exchange.content(part.content());
      } else {
        part.release();
      }
      if (message instanceof LastHttpContent && exchange != null) {
        complete();
      }
    }
  }

  private void complete() {
    Exchange done = exchange;
    exchange = null;
    if (keepAlive && isOpen()) {
      connections.release(peer, this);
    } else {
      close();
    }
    done.complete();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    // An idle connection is read too, so that its end is seen.
    if (exchange == null || exchange.ready()) {
      readOn();
    }
  }

  /** Gives up on the exchange under way. What still arrives of it would be taken for the next. */
  void abandon(Exchange given) {
    if (given.equals(exchange)) {
      exchange = null;
      close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    ended();
  }

  /** All that is told where it ends while {@link Splice} has no place for it in the loop. */
  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    ended();
  }

  private void ended() {
    if (exchange != null) {
      Exchange broken = exchange;
      exchange = null;
      broken.failed(FetchFailure.BROKEN);
    } else {
      connections.closed(peer, this);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }
}
