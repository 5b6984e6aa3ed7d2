package dev.registrymirror.agent.http;

import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.pull.Request;
import dev.registrymirror.agent.pull.StoreAnswer;
import java.nio.channels.FileChannel;

/** What a peer is told of this node's own store. */
record PeerAnswer(Request request, Response response) implements StoreAnswer {

  @Override
  public void head(ByteRange.Span span, long size, String type) {
    response.start(request.range(), span, size, type, head -> {});
    response.end();
  }

  @Override
  public void file(FileChannel file, ByteRange.Span span, long size, String type) {
    response.start(request.range(), span, size, type, head -> {});
    response.file(file, span);
  }

  @Override
  public void unsatisfiable(long size) {
    response.unsatisfiable(size);
  }
}
