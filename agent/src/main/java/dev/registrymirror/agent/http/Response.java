package dev.registrymirror.agent.http;

import dev.registrymirror.agent.oci.ByteRange;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.DefaultFileRegion;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.stream.ChunkedNioFile;
import io.netty.util.ReferenceCounted;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * The response to one request. Ends in exactly one of: a whole response, {@link #breakOff()}, or
 * the client's going away. Confined to the connection's event loop.
 */
final class Response {

  /** Bytes read at once from a file where TLS forbids sendfile. */
  private static final int TLS_CHUNK_BYTES = 64 << 10;

  /** Releases before 2.0: {@code containerd/1.6.20~ds1}, {@code containerd/v1.7.35}. */
  private static final Pattern CONTAINERD_1 = Pattern.compile("containerd/v?1\\..*");

  private final Connection connection;
  private final ChannelHandlerContext ctx;
  private final boolean head;
  private final boolean toContainerd1;
  private boolean keepAlive;
  private boolean ended;
  private boolean gone;
  private Runnable onWritable = () -> {};
  private Runnable onGone = () -> {};

  Response(Connection connection, FullHttpRequest request) {
    this.connection = connection;
    this.ctx = connection.ctx();
    this.head = HttpMethod.HEAD.equals(request.method());
    this.toContainerd1 =
        CONTAINERD_1.matcher(request.headers().get(HttpHeaderNames.USER_AGENT, "")).matches();
    this.keepAlive = HttpUtil.isKeepAlive(request);
  }

  /** Whether only the head is asked for. */
  boolean isHead() {
    return head;
  }

  /** Whether a containerd of a release before 2.0 asks. */
  boolean isToContainerd1() {
    return toContainerd1;
  }

  /** Ends the connection after this response. */
  void closeAfter() {
    keepAlive = false;
  }

  ChannelHandlerContext ctx() {
    return ctx;
  }

  /** Called whenever bytes can be written again after {@link #isWritable()} said no. */
  void onWritable(Runnable action) {
    onWritable = action;
  }

  /** Called where the client closes the connection before the response has ended. */
  void onGone(Runnable action) {
    onGone = action;
  }

  void writable() {
    onWritable.run();
  }

  boolean isGone() {
    return gone;
  }

  void clientGone() {
    gone = true;
    ended = true;
    onGone.run();
  }

  void error(ErrorCode code) {
    error(code, headers -> {});
  }

  void error(ErrorCode code, Consumer<HttpResponse> headers) {
    full(
        code.status(),
        HttpHeaderValues.APPLICATION_JSON,
        Unpooled.copiedBuffer(code.json(), StandardCharsets.UTF_8),
        headers);
  }

  /**
   * Ends what was asked for after upstream failed, so that upstream's own error is what the user
   * sees. containerd 1.x passes over a 404, and reports a closed connection where upstream said 404
   * itself. 2.x reports a 404 in place of errors without a status, such as "connection refused",
   * and a closed connection only where there is no other error.
   *
   * @param code a 404
   */
  void upstreamsError(ErrorCode code, Consumer<HttpResponse> headers) {
    if (toContainerd1) {
      error(code, headers);
    } else {
      breakOff();
    }
  }

  /** 416 for a blob of {@code size} bytes. */
  void unsatisfiable(long size) {
    error(
        ErrorCode.RANGE_INVALID,
        response -> response.headers().set(HttpHeaderNames.CONTENT_RANGE, "bytes */" + size));
  }

  /** A whole response from memory. */
  void full(
      HttpResponseStatus status, CharSequence type, ByteBuf body, Consumer<HttpResponse> headers) {
    DefaultFullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, status, head ? Unpooled.EMPTY_BUFFER : body);
    HttpUtil.setContentLength(response, body.readableBytes());
    if (head) {
      body.release();
    }
    response.headers().set(HttpHeaderNames.CONTENT_TYPE, type);
    headers.accept(response);
    setKeepAlive(response);
    end(ctx.writeAndFlush(response));
  }

  /**
   * The head of a blob's response: 206 where a range was asked for, else 200. The body follows, or
   * {@link #end()}.
   *
   * @param size of the whole blob, in bytes
   */
  void start(
      ByteRange range,
      ByteRange.Span span,
      long size,
      CharSequence type,
      Consumer<HttpResponse> headers) {
    HttpResponse response =
        new DefaultHttpResponse(
            HttpVersion.HTTP_1_1,
            range.isAll() ? HttpResponseStatus.OK : HttpResponseStatus.PARTIAL_CONTENT);
    response.headers().set(HttpHeaderNames.CONTENT_TYPE, type);
    response.headers().set(HttpHeaderNames.ACCEPT_RANGES, HttpHeaderValues.BYTES);
    HttpUtil.setContentLength(response, span.length());
    if (!range.isAll()) {
      response
          .headers()
          .set(
              HttpHeaderNames.CONTENT_RANGE,
              "bytes " + span.start() + "-" + (span.end() - 1) + "/" + size);
    }
    headers.accept(response);
    setKeepAlive(response);
    ctx.write(response);
  }

  private void setKeepAlive(HttpResponse response) {
    if (!keepAlive) {
      response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    }
  }

  /**
   * The bytes of an open file after {@link #start}, and the end: by sendfile, or in pieces where
   * TLS needs to see them. Closes the file.
   */
  void file(FileChannel file, ByteRange.Span span) {
    if (ctx.pipeline().get(SslHandler.class) == null) {
      ctx.write(new DefaultFileRegion(file, span.start(), span.length()));
    } else {
      try {
        ctx.write(new ChunkedNioFile(file, span.start(), span.length(), TLS_CHUNK_BYTES));
      } catch (IOException e) {
        throw new AssertionError("span was cut to the file's size", e);
      }
    }
    end();
  }

  /** Bytes of an open file after {@link #start}; more follow. The file stays open. */
  void part(FileChannel file, ByteRange.Span part, Runnable written) {
    ChannelFuture writing;
    if (ctx.pipeline().get(SslHandler.class) == null) {
      writing = ctx.writeAndFlush(new OpenFileRegion(file, part));
    } else {
      try {
        writing = ctx.writeAndFlush(new OpenChunkedFile(file, part));
      } catch (IOException e) {
        throw new AssertionError("parts are within the file", e);
      }
    }
    writing.addListener(
        done -> {
          if (!done.isSuccess()) {
            ctx.close();
          }
          written.run();
        });
  }

  /** Does not close the file, of which more is sent later. */
  private static final class OpenFileRegion extends DefaultFileRegion {
    OpenFileRegion(FileChannel file, ByteRange.Span part) {
      super(file, part.start(), part.length());
    }

    @Override
    protected void deallocate() {
      // Whoever opened the file closes it.
    }
  }

  /** As {@link OpenFileRegion}. */
  private static final class OpenChunkedFile extends ChunkedNioFile {
    OpenChunkedFile(FileChannel file, ByteRange.Span part) throws IOException {
      super(file, part.start(), part.length(), TLS_CHUNK_BYTES);
    }

    @Override
    public void close() {
      // Whoever opened the file closes it.
    }
  }

  boolean isWritable() {
    return ctx.channel().isWritable();
  }

  /** A piece of the body after {@link #start}, as a socket can be written; takes it over. */
  void bytes(ReferenceCounted piece) {
    if (ended) {
      piece.release();
      return;
    }
    ctx.writeAndFlush(piece);
  }

  /** The body is whole. */
  void end() {
    end(ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT));
  }

  private void end(ChannelFuture last) {
    ended = true;
    last.addListener(
        written -> {
          if (written.isSuccess()) {
            connection.responded(keepAlive);
          } else {
            ctx.close();
          }
        });
  }

  /** Ends with FIN where the response stands, even before its first byte. */
  void breakOff() {
    if (!ended) {
      ended = true;
      connection.breakOff();
    }
  }
}
