package dev.registrymirror.agent.http;

import dev.registrymirror.agent.bounds.Bandwidth;
import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.pull.Request;
import dev.registrymirror.agent.pull.TailAnswer;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Served;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.concurrent.TimeUnit;

/** What a peer is told of this node's own store, and of its downloads. */
record PeerAnswer(Request request, Response response, Bandwidth upload, Served served)
    implements TailAnswer {

  private static final Log log = Log.of("http");

  @Override
  public void start(ByteRange.Span span, long size, String type) {
    response.start(request.range(), span, size, type, head -> {});
  }

  @Override
  public void part(FileChannel file, ByteRange.Span part, Runnable written) {
    served.bytes(part.length());
    if (upload.isLimited()) {
      piece(file, part.start(), part.end(), written);
    } else {
      response.part(file, part, written);
    }
  }

  /** One piece after the other, with the pauses that the limit wants. */
  private void piece(FileChannel file, long start, long end, Runnable written) {
    if (start == end || response.isGone()) {
      written.run();
      return;
    }
    long next = Math.min(end, start + Bandwidth.PIECE);
    response.part(
        file,
        new ByteRange.Span(start, next),
        () -> {
          Future<?> _ =
              request
                  .loop()
                  .schedule(
                      () -> piece(file, next, end, written),
                      upload.pauseAfter(next - start),
                      TimeUnit.MILLISECONDS);
        });
  }

  @Override
  public void end() {
    served.blob();
    response.end();
  }

  @Override
  public void breakOff() {
    response.breakOff();
  }

  @Override
  public void notFound() {
    response.error(ErrorCode.BLOB_UNKNOWN);
  }

  @Override
  public void onGone(Runnable action) {
    response.onGone(action);
  }

  @Override
  public void head(ByteRange.Span span, long size, String type) {
    start(span, size, type);
    response.end();
  }

  @Override
  public void file(FileChannel file, ByteRange.Span span, long size, String type) {
    start(span, size, type);
    served.blob();
    served.bytes(span.length());
    if (upload.isLimited()) {
      piece(file, span.start(), span.end(), () -> sent(file));
    } else {
      response.file(file, span);
    }
  }

  private void sent(FileChannel file) {
    try {
      file.close();
    } catch (IOException e) {
      log.debug("file did not close", "error", e);
    }
    if (!response.isGone()) {
      response.end();
    }
  }

  @Override
  public void unsatisfiable(long size) {
    response.unsatisfiable(size);
  }
}
