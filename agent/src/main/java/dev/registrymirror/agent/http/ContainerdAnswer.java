package dev.registrymirror.agent.http;

import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.pull.Answer;
import dev.registrymirror.agent.pull.Request;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Metrics;
import dev.registrymirror.agent.telemetry.Metrics.FallbackReason;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import dev.registrymirror.agent.telemetry.Metrics.Result;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.util.ReferenceCounted;
import java.nio.channels.FileChannel;

/** What a request of containerd's is told, counted as it is told. */
final class ContainerdAnswer implements Answer {

  private static final Log log = Log.of("http");

  private final Request request;
  private final Kind kind;
  private final boolean fallback;
  private final Response response;
  private final Metrics metrics;
  private Result source = Result.PEER;
  private boolean started;
  private boolean counted;

  /**
   * @param kind what was asked for: a tag's manifest counts as a tag
   * @param fallback whether upstream has failed already: then its error is not to be hidden
   */
  ContainerdAnswer(
      Request request, Kind kind, boolean fallback, Response response, Metrics metrics) {
    this.request = request;
    this.kind = kind;
    this.fallback = fallback;
    this.response = response;
    this.metrics = metrics;
  }

  @Override
  public void start(ByteRange range, ByteRange.Span span, long size, String type) {
    started = true;
    response.start(range, span, size, type, this::describe);
  }

  private void describe(HttpResponse head) {
    describe(head, request.digest(), request.repository());
  }

  private static void describe(HttpResponse head, Digest digest, Repository repository) {
    head.headers().set("Docker-Content-Digest", digest.toString());
    if (!repository.registry().equals(Route.NO_REGISTRY)) {
      // OCI distribution spec, "Registry proxying": the namespace that the answer is for.
      head.headers().set("OCI-Namespace", repository.registry());
    }
  }

  @Override
  public void head(ByteRange.Span span, long size, String type) {
    start(request.range(), span, size, type);
    count(Result.LOCAL);
    response.end();
  }

  @Override
  public void file(FileChannel file, ByteRange.Span span, long size, String type) {
    start(request.range(), span, size, type);
    count(Result.LOCAL);
    metrics.responseBytes(request.repository().registry(), Result.LOCAL, span.length());
    response.file(file, span);
  }

  @Override
  public void bytes(ReferenceCounted piece, int length, Result from) {
    source = from;
    metrics.responseBytes(request.repository().registry(), from, length);
    response.bytes(piece);
  }

  @Override
  public Channel sink() {
    return response.ctx().channel();
  }

  @Override
  public boolean isWritable() {
    return response.isWritable();
  }

  @Override
  public void onWritable(Runnable action) {
    response.onWritable(action);
  }

  @Override
  public boolean isGone() {
    return response.isGone();
  }

  @Override
  public void onGone(Runnable action) {
    response.onGone(
        () -> {
          if (started && !counted) {
            // Who fetches a layer in parallel closes each open-ended range after its part.
            count(source);
          }
          action.run();
        });
  }

  @Override
  public void end(Result from) {
    count(from);
    response.end();
  }

  @Override
  public void makeWay() {
    // The same request comes again, and is counted then.
    counted = true;
    response.breakOff();
  }

  @Override
  public void breakOff(FallbackReason why) {
    count(Result.ERROR);
    handedBack(why);
    response.breakOff();
  }

  @Override
  public void notFound(FallbackReason why) {
    count(Result.UPSTREAM);
    handedBack(why);
    ErrorCode unknown = kind == Kind.BLOB ? ErrorCode.BLOB_UNKNOWN : ErrorCode.MANIFEST_UNKNOWN;
    if (fallback) {
      response.upstreamsError(unknown, this::describe);
    } else {
      response.error(unknown, this::describe);
    }
  }

  @Override
  public void unsatisfiable(long size) {
    count(Result.ERROR);
    response.unsatisfiable(size);
  }

  private void count(Result ended) {
    counted = true;
    metrics.request(request.repository().registry(), kind, ended);
  }

  private void handedBack(FallbackReason why) {
    metrics.fallback(why);
    log.debug(
        "handed to upstream",
        "digest",
        request.digest(),
        "repository",
        request.repository(),
        "why",
        why);
  }
}
