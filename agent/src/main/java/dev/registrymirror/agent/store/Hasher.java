package dev.registrymirror.agent.store;

import dev.registrymirror.agent.oci.Digest;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HexFormat;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * Hashes files on the store's thread, one at a time and one piece at a time, so that other work of
 * that thread goes on between the pieces. Not bounded by itself: its callers bound what they ask.
 */
final class Hasher {

  static final int PIECE_BYTES = 1 << 20;

  /** Between two pieces in the background: at most 100 MiB/s are read. */
  static final Duration BACKGROUND_PAUSE = Duration.ofMillis(10);

  /** What became of a file. */
  sealed interface Outcome {
    /** Its bytes, as many as {@code size}, have its digest. */
    record Match(long size) implements Outcome {}

    /** Its bytes have another. */
    record Mismatch() implements Outcome {}

    /** It could not be read, or is gone. */
    record Unreadable(IOException cause) implements Outcome {}
  }

  private record Job(Digest digest, Path file, Duration pause, Consumer<Outcome> done) {}

  private final StoreThread thread;
  private final Queue<Job> urgent = new ArrayDeque<>();
  private final Queue<Job> background = new ArrayDeque<>();
  private boolean busy;

  Hasher(StoreThread thread) {
    this.thread = thread;
  }

  /** Hashes at full speed, before what is in the background. */
  void hash(Digest digest, Path file, Consumer<Outcome> done) {
    urgent.add(new Job(digest, file, Duration.ZERO, done));
    next();
  }

  /** Hashes slowly. */
  void hashInBackground(Digest digest, Path file, Consumer<Outcome> done) {
    background.add(new Job(digest, file, BACKGROUND_PAUSE, done));
    next();
  }

  private void next() {
    if (busy) {
      return;
    }
    Job job = urgent.isEmpty() ? background.poll() : urgent.poll();
    if (job == null) {
      return;
    }
    busy = true;
    try {
      new Run(job).piece();
    } catch (IOException e) {
      finish(job, new Outcome.Unreadable(e));
    }
  }

  private void finish(Job job, Outcome outcome) {
    busy = false;
    // The next first: what the caller does may fail.
    thread.execute(this::next);
    job.done().accept(outcome);
  }

  /** One file being hashed: its descriptor and its buffer live as long. */
  private final class Run {
    private final Job job;
    private final FileChannel channel;
    private final Arena arena;
    private final ByteBuffer buffer;
    private final MessageDigest hash;
    private long size;

    Run(Job job) throws IOException {
      this.job = job;
      try {
        hash = MessageDigest.getInstance(job.digest().algorithm().jcaName());
      } catch (NoSuchAlgorithmException e) {
        throw new AssertionError("every JDK has SHA-256 and SHA-512", e);
      }
      channel = FileChannel.open(job.file(), StandardOpenOption.READ);
      // Not left to the garbage collector: the agent's direct memory is small.
      arena = Arena.ofConfined();
      buffer = arena.allocate(PIECE_BYTES).asByteBuffer();
    }

    void piece() {
      try {
        buffer.clear();
        int read = channel.read(buffer);
        if (read >= 0) {
          size += read;
          hash.update(buffer.flip());
          thread.after(job.pause(), this::piece);
          return;
        }
      } catch (IOException e) {
        end(new Outcome.Unreadable(e));
        return;
      }
      boolean match = HexFormat.of().formatHex(hash.digest()).equals(job.digest().hex());
      end(match ? new Outcome.Match(size) : new Outcome.Mismatch());
    }

    private void end(Outcome outcome) {
      Outcome last = outcome;
      arena.close();
      try {
        channel.close();
      } catch (IOException e) {
        last = new Outcome.Unreadable(e);
      }
      finish(job, last);
    }
  }
}
