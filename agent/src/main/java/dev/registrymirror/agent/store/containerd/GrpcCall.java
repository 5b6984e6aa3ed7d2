package dev.registrymirror.agent.store.containerd;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The answer to one call, "Responses" of gRPC over HTTP/2: headers, messages, trailers; or trailers
 * only. Everything happens on the connection's event loop.
 */
// A stream that is closed in vain is closed already.
@SuppressWarnings("FutureReturnValueIgnored")
final class GrpcCall<A extends MessageLite> extends ChannelInboundHandlerAdapter {

  private final GrpcMethod<?, A> method;
  private final GrpcClient.Answers<A> answers;
  private Future<?> deadline;
  private int messages;
  private boolean begun;
  private boolean ended;

  GrpcCall(GrpcMethod<?, A> method, GrpcClient.Answers<A> answers) {
    this.method = method;
    this.answers = answers;
  }

  /** Gives the call up when {@code bound} has passed. */
  void endAfter(Channel stream, Duration bound) {
    deadline =
        stream
            .eventLoop()
            .schedule(
                () -> {
                  end(
                      new GrpcStatus(
                          GrpcStatus.DEADLINE_EXCEEDED,
                          "no answer to " + method.path() + " in " + bound.toMillis() + " ms"));
                  stream.close();
                },
                bound.toMillis(),
                TimeUnit.MILLISECONDS);
  }

  /** Tells the caller, the first time. */
  void end(GrpcStatus status) {
    if (ended) {
      return;
    }
    ended = true;
    if (deadline != null) {
      deadline.cancel(false);
    }
    answers.ended(
        status.isOk() && !method.streams() && messages != 1
            ? new GrpcStatus(GrpcStatus.INTERNAL, messages + " messages in place of one")
            : status);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object frame) {
    switch (frame) {
      case Http2HeadersFrame headers -> headers(ctx, headers);
      case Http2DataFrame data -> data(ctx, data);
      default -> ReferenceCountUtil.release(frame);
    }
  }

  private void headers(ChannelHandlerContext ctx, Http2HeadersFrame frame) {
    if (!begun && !isGrpc(frame.headers())) {
      fail(ctx, "not a gRPC server: HTTP status " + frame.headers().status());
    } else if (frame.isEndStream()) {
      end(GrpcStatus.of(frame.headers()));
    }
    begun = true;
  }

  private static boolean isGrpc(Http2Headers headers) {
    CharSequence type = headers.get("content-type");
    return "200".contentEquals(String.valueOf(headers.status()))
        && type != null
        && type.toString().startsWith("application/grpc");
  }

  private void data(ChannelHandlerContext ctx, Http2DataFrame frame) {
    boolean last = frame.isEndStream();
    if (!begun || ended) {
      frame.release();
      fail(ctx, "data without headers");
      return;
    }
    ctx.fireChannelRead(frame.content());
    if (last) {
      fail(ctx, "the answer ended without trailers");
    }
  }

  private void fail(ChannelHandlerContext ctx, String why) {
    end(new GrpcStatus(GrpcStatus.INTERNAL, why));
    ctx.close();
  }

  /** The last handler: parses. */
  ChannelInboundHandler messages() {
    return new SimpleChannelInboundHandler<ByteBuf>() {
      @Override
      protected void channelRead0(ChannelHandlerContext ctx, ByteBuf message) throws IOException {
        if (ended) {
          return;
        }
        // "Compressed-Flag": none was offered in grpc-accept-encoding.
        if (message.readByte() != 0) {
          throw new InvalidProtocolBufferException("a compressed message");
        }
        message.skipBytes(Integer.BYTES);
        messages++;
        answers.message(method.answers().parseFrom(new ByteBufInputStream(message)));
      }

      @Override
      public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        Throwable root = cause.getCause() == null ? cause : cause.getCause();
        end(
            root instanceof TooLongFrameException
                ? new GrpcStatus(GrpcStatus.RESOURCE_EXHAUSTED, root.toString())
                : new GrpcStatus(GrpcStatus.INTERNAL, root.toString()));
        ctx.close();
      }
    };
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof Http2ResetFrame reset) {
      end(new GrpcStatus(GrpcStatus.UNAVAILABLE, "reset, HTTP/2 error " + reset.errorCode()));
    }
    ReferenceCountUtil.release(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    end(new GrpcStatus(GrpcStatus.UNAVAILABLE, "the connection ended"));
    ctx.fireChannelInactive();
  }
}
