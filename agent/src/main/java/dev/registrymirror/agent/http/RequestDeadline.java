package dev.registrymirror.agent.http;

import dev.registrymirror.agent.telemetry.Log;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Ends connections whose request does not arrive whole within {@link #SECONDS}. Stands before the
 * codec, so that it sees a request's first byte.
 */
final class RequestDeadline extends ChannelInboundHandlerAdapter {

  private static final Log log = Log.of("http");

  /** From a connection's or a request's first byte to the request's last. */
  static final int SECONDS = 10;

  private Future<?> deadline;

  @Override
  public void channelActive(ChannelHandlerContext context) {
    arm(context);
    context.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (deadline == null && message instanceof ByteBuf bytes && bytes.isReadable()) {
      arm(context);
    }
    context.fireChannelRead(message);
  }

  private void arm(ChannelHandlerContext context) {
    deadline =
        context
            .executor()
            .schedule(
                () -> {
                  log.debug("request too slow", "client", context.channel().remoteAddress());
                  // After the response that is under way: stray bytes must not cut it off.
                  context.pipeline().get(Connection.class).drain();
                },
                SECONDS,
                TimeUnit.SECONDS);
  }

  /** The request is whole. */
  void met() {
    if (deadline != null) {
      deadline.cancel(false);
      deadline = null;
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    met();
    context.fireChannelInactive();
  }
}
