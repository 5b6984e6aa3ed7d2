package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.oci.ByteRange;
import java.nio.channels.FileChannel;

/** What containerd or a peer is told of this node's own store. Ends with exactly one of these. */
public interface StoreAnswer {

  /** Size and type alone. */
  void head(ByteRange.Span span, long size, String type);

  /**
   * Bytes of an open file, which is closed when they are sent.
   *
   * @param size of the whole blob, in bytes
   */
  void file(FileChannel file, ByteRange.Span span, long size, String type);

  /** 416: the range lies outside of the blob. */
  void unsatisfiable(long size);
}
