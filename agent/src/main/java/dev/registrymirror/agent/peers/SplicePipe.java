package dev.registrymirror.agent.peers;

import io.netty.channel.FileRegion;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.AbstractReferenceCounted;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/**
 * The pipe that splice(2) wants between two sockets. Holds what is on its way, 64 KiB at most; is
 * closed when nobody has use for it nor for what is in it.
 */
final class SplicePipe extends AbstractReferenceCounted {

  private final FileDescriptor out;
  private final FileDescriptor in;

  private SplicePipe(FileDescriptor out, FileDescriptor in) {
    this.out = out;
    this.in = in;
  }

  static SplicePipe open() throws IOException {
    FileDescriptor[] ends = FileDescriptor.pipe();
    return new SplicePipe(ends[0], ends[1]);
  }

  /**
   * Moves bytes from a socket into the empty pipe.
   *
   * @return how many; 0 where there are none, now or any more
   */
  int fill(EpollSocketChannel source, long most) throws IOException {
    return Native.splice(source.fd().intValue(), -1, in.intValue(), -1, most);
  }

  /**
   * What is in the pipe, to be written to a socket.
   *
   * @param taken called once all of it is written; the pipe is then empty
   */
  FileRegion piece(EpollSocketChannel sink, int length, Runnable taken) {
    retain();
    return new Piece(sink, length, taken);
  }

  @Override
  protected void deallocate() {
    try {
      in.close();
      out.close();
    } catch (IOException e) {
      throw new AssertionError("a pipe's end that is open can be closed", e);
    }
  }

  @Override
  public SplicePipe touch(Object hint) {
    return this;
  }

  private final class Piece extends AbstractReferenceCounted implements FileRegion {

    private final EpollSocketChannel sink;
    private final int length;
    private final Runnable taken;
    private int written;

    Piece(EpollSocketChannel sink, int length, Runnable taken) {
      this.sink = sink;
      this.length = length;
      this.taken = taken;
    }

    /** Returns 0 where the socket takes no more now; Netty then waits until it does. */
    @Override
    public long transferTo(WritableByteChannel target, long position) throws IOException {
      int bytes = Native.splice(out.intValue(), -1, sink.fd().intValue(), -1, length - written);
      written += bytes;
      return bytes;
    }

    @Override
    protected void deallocate() {
      SplicePipe.this.release();
      if (written == length) {
        taken.run();
      }
    }

    @Override
    public long position() {
      return 0;
    }

    @Override
    public long transferred() {
      return written;
    }

    @Override
    @Deprecated
    public long transfered() {
      return written;
    }

    @Override
    public long count() {
      return length;
    }

    @Override
    public FileRegion retain() {
      super.retain();
      return this;
    }

    @Override
    public FileRegion retain(int increment) {
      super.retain(increment);
      return this;
    }

    @Override
    public FileRegion touch() {
      return this;
    }

    @Override
    public FileRegion touch(Object hint) {
      return this;
    }
  }
}
