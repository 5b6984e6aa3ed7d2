package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.oci.ByteRange;
import java.nio.channels.FileChannel;

/**
 * What a follower is told of a download under way here. Called on the request's event loop; ends
 * with exactly one of the {@link StoreAnswer}'s, {@link #end}, {@link #breakOff} and {@link
 * #notFound}, unless the follower goes away first.
 */
public interface TailAnswer extends StoreAnswer {

  /** The head, once; {@link #part}s follow. */
  void start(ByteRange.Span span, long size, String type);

  /**
   * The bytes of {@code part}, which are in the file; it stays open.
   *
   * @param written called once they are sent
   */
  void part(FileChannel file, ByteRange.Span part, Runnable written);

  /** Everything was sent. */
  void end();

  /** FIN: the follower asks somebody else from there. */
  void breakOff();

  /** 404: nothing can be expected of this node. */
  void notFound();

  /** What to do where the follower goes away. */
  void onGone(Runnable action);
}
