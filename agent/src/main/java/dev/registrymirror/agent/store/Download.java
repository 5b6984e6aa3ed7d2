package dev.registrymirror.agent.store;

import dev.registrymirror.agent.oci.Digest;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A blob that is being downloaded to this node: what is there of it is a prefix, written in order.
 * It is not verified before it is committed. Any thread.
 */
public final class Download {

  private final Digest digest;
  private final Path data;
  private final long size;

  private volatile long length;
  private volatile long grew = System.nanoTime();
  private volatile boolean hasGrown;
  private volatile long longestPause;
  private volatile boolean over;

  /**
   * @param data the file that grows; renamed when it is committed, so that who has opened it reads
   *     on
   * @param size of the whole blob, in bytes
   */
  public Download(Digest digest, Path data, long size) {
    this.digest = digest;
    this.data = data;
    this.size = size;
  }

  public Digest digest() {
    return digest;
  }

  /** Of the whole blob, in bytes. */
  public long size() {
    return size;
  }

  /** Bytes that are there, as of the last look. */
  public long length() {
    return length;
  }

  /** What is there so far, and from now on. */
  public FileChannel open() throws IOException {
    return FileChannel.open(data);
  }

  /** Since it grew last, was seen to begin, or was found. */
  public Duration quiet() {
    return Duration.ofNanos(System.nanoTime() - grew);
  }

  /** Whether it was seen to grow: what has been left behind by a cancelled pull does not. */
  public boolean hasGrown() {
    return hasGrown;
  }

  /** The longest that it took to grow once more. */
  public Duration longestPause() {
    return Duration.ofNanos(longestPause);
  }

  /** Whether it has ended: committed, or given up. */
  public boolean isOver() {
    return over;
  }

  /**
   * Its file was looked at. By one thread.
   *
   * @param now bytes that are there
   */
  public void found(long now) {
    length = now;
  }

  /**
   * Its file was written to. By one thread.
   *
   * @param now bytes that are there; fewer than before where it was begun anew
   */
  public void grew(long now) {
    if (now > length) {
      long at = System.nanoTime();
      if (hasGrown) {
        longestPause = Math.max(longestPause, at - grew);
      }
      grew = at;
      hasGrown = true;
    }
    length = now;
  }

  /** It has ended. */
  public void end() {
    over = true;
  }
}
