package dev.registrymirror.agent.telemetry;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.concurrent.EventExecutor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Answers one request on the listener for metrics, then closes its connection. */
@Sharable
final class OpsHandler extends SimpleChannelInboundHandler<FullHttpRequest> {

  /** Within this every event loop must have had a turn, or the agent is not alive. */
  static final Duration TURN = Duration.ofSeconds(2);

  private static final String TEXT = "text/plain; charset=utf-8";

  private static final Log log = Log.of("ops");

  private final EventLoopGroup group;
  private final Metrics metrics;
  private final Supplier<Optional<String>> notReady;
  private final Supplier<StatusReport> status;
  private final StatusPage page = new StatusPage();

  OpsHandler(
      EventLoopGroup group,
      Metrics metrics,
      Supplier<Optional<String>> notReady,
      Supplier<StatusReport> status) {
    this.group = group;
    this.metrics = metrics;
    this.notReady = notReady;
    this.status = status;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request)
      throws IOException {
    if (request.decoderResult().isFailure()) {
      answer(context, HttpResponseStatus.BAD_REQUEST, TEXT, utf8("bad request\n"));
      return;
    }
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      FullHttpResponse response =
          response(HttpResponseStatus.METHOD_NOT_ALLOWED, TEXT, utf8("GET or HEAD only\n"));
      response.headers().set(HttpHeaderNames.ALLOW, "GET, HEAD");
      send(context, response);
      return;
    }
    switch (path(request.uri())) {
      case "/metrics" -> metrics(context, request.headers().get(HttpHeaderNames.ACCEPT));
      case "/readyz" -> readiness(context);
      case "/livez" -> liveness(context);
      case "/status" ->
          answer(
              context,
              HttpResponseStatus.OK,
              "application/json",
              status.get().json(notReady.get()));
      case "/" -> page(context);
      default -> answer(context, HttpResponseStatus.NOT_FOUND, TEXT, utf8("not found\n"));
    }
  }

  private static String path(String uri) {
    int query = uri.indexOf('?');
    return query < 0 ? uri : uri.substring(0, query);
  }

  private void metrics(ChannelHandlerContext context, String accept) throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream(16 << 10);
    metrics.write(text, accept);
    answer(context, HttpResponseStatus.OK, Metrics.contentType(accept), text.toByteArray());
  }

  private void readiness(ChannelHandlerContext context) {
    Optional<String> reason = notReady.get();
    answer(
        context,
        reason.isEmpty() ? HttpResponseStatus.OK : HttpResponseStatus.SERVICE_UNAVAILABLE,
        TEXT,
        utf8(reason.orElse("ready") + "\n"));
  }

  private void page(ChannelHandlerContext context) {
    FullHttpResponse response =
        response(
            HttpResponseStatus.OK,
            "text/html; charset=utf-8",
            page.html(status.get(), notReady.get(), Instant.now()));
    response.headers().set(HttpHeaderNames.CONTENT_SECURITY_POLICY, page.contentSecurityPolicy());
    send(context, response);
  }

  /** Gives each event loop something to do, and answers when all have done it. */
  private void liveness(ChannelHandlerContext context) {
    AtomicBoolean answered = new AtomicBoolean();
    AtomicInteger missing = new AtomicInteger();
    for (EventExecutor ignored : group) {
      missing.incrementAndGet();
    }
    var late =
        context
            .executor()
            .schedule(
                () -> {
                  if (answered.compareAndSet(false, true)) {
                    answer(
                        context,
                        HttpResponseStatus.SERVICE_UNAVAILABLE,
                        TEXT,
                        utf8(missing.get() + " event loops do not answer\n"));
                  }
                },
                TURN.toMillis(),
                TimeUnit.MILLISECONDS);
    for (EventExecutor loop : group) {
      loop.execute(
          () -> {
            if (missing.decrementAndGet() == 0 && answered.compareAndSet(false, true)) {
              late.cancel(false);
              answer(context, HttpResponseStatus.OK, TEXT, utf8("alive\n"));
            }
          });
    }
  }

  private static void answer(
      ChannelHandlerContext context, HttpResponseStatus status, String type, byte[] body) {
    send(context, response(status, type, body));
  }

  private static FullHttpResponse response(HttpResponseStatus status, String type, byte[] body) {
    FullHttpResponse response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(body));
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, type)
        .set(HttpHeaderNames.CONTENT_LENGTH, body.length)
        .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE)
        .set("X-Content-Type-Options", "nosniff")
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    return response;
  }

  /** The codec leaves the body out where HEAD was asked. */
  private static void send(ChannelHandlerContext context, FullHttpResponse response) {
    context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof IOException) {
      // The client went: nobody is left to be told.
      context.close().addListener(closed -> log.debug("connection failed", "why", cause));
      return;
    }
    log.error("request for status failed", cause);
    answer(context, HttpResponseStatus.INTERNAL_SERVER_ERROR, TEXT, utf8("internal error\n"));
  }
}
