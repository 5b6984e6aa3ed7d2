package dev.registrymirror.agent.http;

import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.pull.Request;
import dev.registrymirror.agent.pull.TailAnswer;
import java.nio.channels.FileChannel;

/** What a peer is told of this node's own store, and of its downloads. */
record PeerAnswer(Request request, Response response) implements TailAnswer {

  @Override
  public void start(ByteRange.Span span, long size, String type) {
    response.start(request.range(), span, size, type, head -> {});
  }

  @Override
  public void part(FileChannel file, ByteRange.Span part, Runnable written) {
    response.part(file, part, written);
  }

  @Override
  public void end() {
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
    response.file(file, span);
  }

  @Override
  public void unsatisfiable(long size) {
    response.unsatisfiable(size);
  }
}
