package dev.registrymirror.agent.peers;

import dev.registrymirror.agent.telemetry.Log;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;

/**
 * Passes a response's body on from a peer's socket to containerd's within the kernel, by splice(2):
 * none of it comes into this process but the first bytes, with which the head of containerd's
 * response goes out. Stands in the pipeline in place of the codec for as long as the body lasts.
 *
 * <p>Netty's own splicing loses track of what is in its pipe where a connection is reset. So this
 * borrows the socket's place in the event loop, and gives it back at the end. Confined to the event
 * loop of both sockets.
 */
final class Splice extends ChannelDuplexHandler implements EpollIoHandle {

  private static final Log log = Log.of("peers");

  /** Told where there is more than there was; told again after each submission. */
  private static final EpollIoOps READABLE =
      EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLRDHUP).with(EpollIoOps.EPOLLET);

  /** Pieces passed on before other sockets of the event loop have their turn. */
  private static final int TURN = 16;

  private final EpollSocketChannel source;
  private final EpollSocketChannel sink;
  private final Exchange exchange;
  private long left;

  private ChannelHandlerContext ctx;
  private SplicePipe pipe;
  private IoRegistration registration;
  private boolean peerEnded;
  private boolean inPipe;
  private boolean held;
  private boolean over;

  private Splice(
      EpollSocketChannel source, EpollSocketChannel sink, Exchange exchange, long length) {
    this.source = source;
    this.sink = sink;
    this.exchange = exchange;
    this.left = length;
  }

  /**
   * Takes over a response's body from the codec, which has just read its head, where both sockets
   * allow it.
   *
   * @param length of the body in bytes; one that the codec can have read whole is left to it
   */
  static void begin(Channel source, Exchange exchange, long length) {
    if (length > PeerConnections.RECEIVE_BYTES
        && source instanceof EpollSocketChannel from
        && exchange.sink() instanceof EpollSocketChannel to
        && from.pipeline().get(SslHandler.class) == null
        && to.pipeline().get(SslHandler.class) == null) {
      from.pipeline().replace(HttpClientCodec.class, null, new Splice(from, to, exchange, length));
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
  }

  /** Also where the peer ends the connection before this has its place. */
  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    if (!over) {
      over = true;
      if (pipe != null) {
        pipe.release();
      }
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (bytes.readableBytes() > left) {
      // More than was announced.
      bytes.release();
      source.close();
      return;
    }
    left -= bytes.readableBytes();
    context.fireChannelRead(new DefaultHttpContent(bytes));
    if (left == 0) {
      end();
    } else if (pipe == null && source.isActive()) {
      borrow();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (pipe == null) {
      context.fireChannelReadComplete();
    }
  }

  @Override
  public void read(ChannelHandlerContext context) {
    if (pipe == null) {
      context.read();
    }
  }

  private void borrow() {
    try {
      pipe = SplicePipe.open();
    } catch (IOException e) {
      // Too many open files: on with buffers, and another try after the next.
      log.debug("no pipe", "why", e.getMessage());
      return;
    }
    source
        .deregister()
        .addListener(
            free -> {
              if (!over) {
                takePlace();
              } else if (source.isOpen() && !source.isRegistered()) {
                source.eventLoop().register(source);
              }
            });
  }

  private void takePlace() {
    ((IoEventLoop) source.eventLoop())
        .register(this)
        .addListener(
            registered -> {
              if (registered.isSuccess()) {
                registration = (IoRegistration) registered.getNow();
                guarded(() -> registration.submit(READABLE));
              } else {
                source.close();
              }
            });
  }

  @Override
  public FileDescriptor fd() {
    return source.fd();
  }

  @Override
  public void handle(IoRegistration registered, IoEvent event) {
    peerEnded |= ((EpollIoEvent) event).ops().contains(EpollIoOps.EPOLLRDHUP);
    guarded(this::pass);
  }

  /** What goes wrong here is not within the pipeline, which would end the connection. */
  private void guarded(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      ctx.fireExceptionCaught(e);
    }
  }

  /** Passes on what there is: a piece at a time, as the next may be of another socket. */
  private void pass() {
    for (int turn = 0; !over && !inPipe; turn++) {
      if (turn == TURN) {
        registration.submit(READABLE);
        return;
      }
      int bytes;
      try {
        bytes = pipe.fill(source, left);
      } catch (IOException e) {
        source.close();
        return;
      }
      if (bytes == 0) {
        if (peerEnded) {
          source.close();
        }
        return;
      }
      left -= bytes;
      inPipe = true;
      exchange.spliced(pipe.piece(sink, bytes, this::taken));
      if (left == 0 && !over) {
        end();
      }
    }
    if (inPipe && !over) {
      held = true;
      exchange.held(true);
    }
  }

  /** Where it is never taken, containerd has gone, and whoever answers it ends the exchange. */
  private void taken() {
    inPipe = false;
    if (held) {
      held = false;
      if (!over) {
        exchange.held(false);
        pass();
      }
    }
  }

  private void end() {
    giveBack(
        () -> {
          // First, as what follows may be the next request.
          ctx.pipeline().replace(this, null, PeerConnections.codec());
          if (peerEnded) {
            source.close();
          }
          ctx.fireChannelRead(LastHttpContent.EMPTY_LAST_CONTENT);
          // An idle connection is read, too.
          ctx.fireChannelReadComplete();
        });
  }

  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    giveBack(() -> context.close(promise));
  }

  /** Netty tells of a socket's end only where it knows the socket. */
  private void giveBack(Runnable then) {
    if (pipe == null || over) {
      over = true;
      then.run();
      return;
    }
    over = true;
    pipe.release();
    if (registration != null) {
      registration.cancel();
    }
    if (source.isRegistered()) {
      then.run();
    } else {
      source.eventLoop().register(source).addListener(known -> then.run());
    }
  }

  /** The event loop ends. */
  @Override
  public void close() {
    source.close();
  }
}
