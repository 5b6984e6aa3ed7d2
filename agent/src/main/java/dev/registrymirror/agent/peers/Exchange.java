package dev.registrymirror.agent.peers;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.FileRegion;
import io.netty.handler.codec.http.HttpResponse;

/**
 * One request to a peer and what comes of it, on the event loop of its connection. Ends with
 * exactly one of {@link #complete} and {@link #failed}.
 */
interface Exchange {

  /** The request is on its way over {@code connection}, which reads only what is asked of it. */
  void sent(PeerConnection connection);

  /** The response's head. */
  void response(HttpResponse head);

  /** A piece of the body; takes over the buffer. */
  void content(ByteBuf bytes);

  /** The response is whole; the connection goes on to others. */
  void complete();

  /** There will be no whole response. */
  void failed(FetchFailure why);

  /**
   * Whether more of the response is wanted now; where not, {@link PeerConnection#read} is called
   * later.
   */
  boolean ready();

  /** Where the body goes as it is, if {@link #content} need not see it; else null. */
  default Channel sink() {
    return null;
  }

  /** A piece of the body for the {@link #sink}; takes it over. */
  default void spliced(FileRegion piece) {
    throw new UnsupportedOperationException("has no sink");
  }

  /** Whether it is the {@link #sink} that takes no more now. */
  default void held(boolean held) {}
}
