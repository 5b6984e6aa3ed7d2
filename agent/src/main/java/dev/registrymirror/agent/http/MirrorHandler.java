package dev.registrymirror.agent.http;

import dev.registrymirror.agent.credentials.CredentialFile;
import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.pull.Pull;
import dev.registrymirror.agent.pull.Request;
import dev.registrymirror.agent.pull.TagLookup;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Metrics;
import dev.registrymirror.agent.telemetry.Metrics.FallbackReason;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import dev.registrymirror.agent.telemetry.Metrics.Result;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * What the node's containerd talks to: the pull half of the OCI distribution spec, as far as
 * containerd uses it. Everything by digest goes through {@link Pull}; a tag becomes a digest first.
 */
public final class MirrorHandler implements Connection.Handler {

  private static final Log log = Log.of("http");

  /** How containerd's resolver names itself, all releases: {@code containerd/1.7.35}. */
  private static final String CONTAINERD = "containerd/";

  /** Longest body of a request; pulls have none. */
  public static final int MAX_BODY_BYTES = 4096;

  private final Pull pull;
  private final TagLookup tags;
  private final Optional<CredentialFile> credentials;
  private final Metrics metrics;
  private final Runnable asked;

  /**
   * @param asked told of each request of containerd's for a digest; on event loops
   */
  public MirrorHandler(
      Pull pull,
      TagLookup tags,
      Optional<CredentialFile> credentials,
      Metrics metrics,
      Runnable asked) {
    this.pull = pull;
    this.tags = tags;
    this.credentials = credentials;
    this.metrics = metrics;
    this.asked = asked;
  }

  @Override
  public void handle(FullHttpRequest request, Response response) {
    String shown = request.headers().get(HttpHeaderNames.AUTHORIZATION);
    if (credentials.isPresent() && !credentials.get().accepts(shown)) {
      // Not 401: containerd would answer that with the pull secret.
      metrics.fallback(FallbackReason.UNAUTHORIZED);
      response.error(ErrorCode.NAME_UNKNOWN);
      return;
    }
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      response.error(
          ErrorCode.UNSUPPORTED, head -> head.headers().set(HttpHeaderNames.ALLOW, "GET, HEAD"));
      return;
    }
    switch (Route.of(request.uri())) {
      case Route.Base base ->
          response.full(
              HttpResponseStatus.OK,
              HttpHeaderValues.APPLICATION_JSON,
              Unpooled.copiedBuffer("{}\n", StandardCharsets.UTF_8),
              head -> head.headers().set("Docker-Distribution-Api-Version", "registry/2.0"));
      case Route.Invalid invalid -> {
        log.debug("invalid request", "uri", request.uri(), "code", invalid.code());
        response.error(invalid.code());
      }
      case Route.ByDigest route ->
          ByteRange.parse(request.headers().get(HttpHeaderNames.RANGE))
              .ifPresentOrElse(
                  range -> byDigest(route, range, isContainerd(request), response),
                  () -> response.error(ErrorCode.RANGE_INVALID));
      case Route.ByTag route -> byTag(route, isContainerd(request), response);
    }
  }

  private static boolean isContainerd(FullHttpRequest request) {
    return request.headers().get(HttpHeaderNames.USER_AGENT, "").startsWith(CONTAINERD);
  }

  private static boolean queues(boolean containerd, Response response) {
    return containerd && !response.isToContainerd1();
  }

  private void byDigest(
      Route.ByDigest route, ByteRange range, boolean containerd, Response response) {
    if (containerd) {
      asked.run();
    }
    // A range of a head means nothing (RFC 9110, 14.2).
    Request request =
        new Request(
            route.repository(),
            route.kind(),
            route.digest(),
            response.isHead() ? ByteRange.ALL : range,
            response.isHead(),
            route.fallback(),
            containerd,
            queues(containerd, response),
            loop(response));
    pull.start(
        request, new ContainerdAnswer(request, route.kind(), route.fallback(), response, metrics));
  }

  private void byTag(Route.ByTag route, boolean containerd, Response response) {
    String registry = route.tag().repository().registry();
    tags.resolve(
        loop(response),
        route.tag(),
        route.fallback(),
        resolution -> {
          switch (resolution) {
            case TagLookup.Found found -> {
              Request request =
                  new Request(
                      route.tag().repository(),
                      Kind.MANIFEST,
                      found.digest(),
                      ByteRange.ALL,
                      response.isHead(),
                      route.fallback(),
                      containerd,
                      queues(containerd, response),
                      loop(response));
              pull.start(
                  request,
                  new ContainerdAnswer(request, Kind.TAG, route.fallback(), response, metrics));
            }
            case TagLookup.AskUpstream ask -> {
              metrics.request(registry, Kind.TAG, Result.UPSTREAM);
              metrics.fallback(FallbackReason.TAG_POLICY);
              response.error(ErrorCode.MANIFEST_UNKNOWN);
            }
            case TagLookup.UpstreamsError error -> {
              log.debug("upstream's error stands", "tag", route.tag(), "why", error.why());
              metrics.request(registry, Kind.TAG, Result.UPSTREAM);
              response.upstreamsError(ErrorCode.MANIFEST_UNKNOWN, head -> {});
            }
          }
        });
  }

  private static EventLoop loop(Response response) {
    return response.ctx().channel().eventLoop();
  }
}
