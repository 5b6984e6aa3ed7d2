package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.telemetry.Metrics.FallbackReason;
import dev.registrymirror.agent.telemetry.Metrics.Result;
import io.netty.channel.Channel;
import io.netty.util.ReferenceCounted;

/**
 * What containerd is told, in one of the ways that it survives: a whole response, 404 before the
 * first byte, or FIN after it. Called on the request's event loop; ends with exactly one of the
 * {@link StoreAnswer}'s, {@link #end}, {@link #breakOff} and {@link #notFound}, unless the client
 * goes away first.
 */
public interface Answer extends StoreAnswer {

  /**
   * The head of what comes from peers, once; {@link #bytes} follow, or {@link #end}.
   *
   * @param range as which {@code span} is answered: {@link ByteRange#ALL} with 200
   */
  void start(ByteRange range, ByteRange.Span span, long size, String type);

  /**
   * The next bytes; takes them over.
   *
   * @param piece what a socket can be written: a buffer, or a region of what is in a pipe
   * @param length in bytes
   * @param from {@link Result#PEER} or {@link Result#FLIGHT}
   */
  void bytes(ReferenceCounted piece, int length, Result from);

  /** The socket that they go to. */
  Channel sink();

  /** Whether bytes would be sent rather than kept in memory. */
  boolean isWritable();

  /** What to do when they can be sent again. */
  void onWritable(Runnable action);

  /** Whether the client has gone away, so that nobody is left to answer. */
  boolean isGone();

  /** What to do where the client goes away from now on. */
  void onGone(Runnable action);

  /**
   * Everything was sent.
   *
   * @param from where the last of it came from
   */
  void end(Result from);

  /** FIN: containerd asks again at once from where it stands, after what it has queued. */
  void makeWay();

  /** FIN: containerd asks again from the offset that it has reached. */
  void breakOff(FallbackReason why);

  /** 404: containerd goes upstream. */
  void notFound(FallbackReason why);
}
