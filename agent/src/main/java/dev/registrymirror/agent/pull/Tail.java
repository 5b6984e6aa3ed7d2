package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.store.Download;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A follower's request: sent what this node's containerd has downloaded so far, and then what it
 * downloads, as it grows. Manifests are sent once they are whole, as their media type is in them.
 *
 * <p>Confined to the request's event loop.
 */
final class Tail {

  private static final Log log = Log.of("pull");

  /** Sent at once, in bytes: a file that was cut off meanwhile is noticed before the next part. */
  private static final long MAX_PART = 8 << 20;

  /** Pauses between writes so many times as long as the longest so far are none. */
  static final int PATIENCE = 3;

  private final Tails tails;
  private final Pull pull;
  private final Request request;
  private final TailAnswer answer;
  private Future<?> bound;
  private boolean ended;

  // Once there is something to send.
  private Download download;
  private FileChannel file;
  private long position;
  private long end;
  private boolean writing;

  // Since when the follower waits.
  private long sent = System.nanoTime();

  Tail(Tails tails, Pull pull, Request request, TailAnswer answer) {
    this.tails = tails;
    this.pull = pull;
    this.request = request;
    this.answer = answer;
    answer.onGone(this::finish);
  }

  Request request() {
    return request;
  }

  /** Something may have changed: sends what there is. */
  void look() {
    if (ended || writing) {
      return;
    }
    try {
      if (file == null && !open()) {
        return;
      }
      send();
    } catch (IOException e) {
      log.warn("download not readable", e, "digest", request.digest());
      giveUp();
    }
  }

  /**
   * @return whether a download was opened; else it is answered, or waited for
   */
  private boolean open() throws IOException {
    if (pull.fromStore(request, answer)) {
      finish();
      return false;
    }
    Optional<Download> growing = pull.store().download(request.digest());
    if (request.kind() == Kind.BLOB && growing.isPresent() && growing.get().hasGrown()) {
      Download found = growing.get();
      Optional<ByteRange.Span> span = request.range().in(found.size());
      if (span.isEmpty()) {
        finish();
        answer.unsatisfiable(found.size());
        return false;
      }
      // One that is full and not committed may be one whose digest was wrong: its commit tells.
      if (found.length() > span.get().start() && found.length() < found.size()) {
        download = found;
        file = found.open();
        position = span.get().start();
        end = span.get().end();
        answer.start(span.get(), found.size(), Pull.BYTES);
        return true;
      }
    }
    await(growing);
    return false;
  }

  private void send() throws IOException {
    // Before the length: what was written until the download's end is sent first.
    boolean over = download.isOver();
    long there = Math.min(file.size(), end);
    if (there < position) {
      log.debug("download was begun anew", "digest", request.digest(), "at", position);
      giveUp();
    } else if (there > position) {
      cancelBound();
      writing = true;
      ByteRange.Span part = new ByteRange.Span(position, Math.min(there, position + MAX_PART));
      position = part.end();
      answer.part(file, part, this::written);
    } else if (position == end) {
      finish();
      answer.end();
    } else if (over) {
      giveUp();
    } else {
      await(Optional.of(download));
    }
  }

  private void written() {
    writing = false;
    sent = System.nanoTime();
    if (ended) {
      close();
    } else {
      look();
    }
  }

  /** Waits for the next change, as long as one can be expected. */
  private void await(Optional<Download> growing) throws IOException {
    // Whatever is expected here, the follower is told before its own patience ends.
    Duration waited = Pull.since(sent);
    Duration quiet = quiet(growing);
    boolean queued =
        pull.led().isQueued(request.digest())
            && pull.sinceAnyGrew().compareTo(pull.flightQuiet()) < 0;
    Duration left =
        queued
            ? pull.queuedPatience().minus(waited)
            : patience(growing).minus(waited.compareTo(quiet) > 0 ? waited : quiet);
    if (left.isNegative() || left.isZero()) {
      // It may have been committed after the first look: then nothing is expected any more.
      if (file == null && pull.fromStore(request, answer)) {
        finish();
      } else {
        giveUp();
      }
    } else if (bound == null) {
      bound =
          request
              .loop()
              .schedule(
                  () -> {
                    bound = null;
                    look();
                  },
                  left.toNanos(),
                  TimeUnit.NANOSECONDS);
    }
  }

  private Duration patience(Optional<Download> growing) {
    return pull.tailPatience(growing.map(Download::longestPause).orElse(Duration.ZERO));
  }

  /** For how long nothing has happened that lets one expect more. */
  private Duration quiet(Optional<Download> growing) {
    Duration forever = pull.flightQuiet().multipliedBy(1000);
    Duration asked = pull.expected().since(request.digest()).orElse(forever);
    Duration grew = growing.filter(Download::hasGrown).map(Download::quiet).orElse(forever);
    return asked.compareTo(grew) < 0 ? asked : grew;
  }

  /** Nothing can be expected any longer. */
  void giveUp() {
    if (ended) {
      return;
    }
    boolean started = file != null;
    finish();
    if (started) {
      answer.breakOff();
    } else {
      answer.notFound();
    }
  }

  private void cancelBound() {
    if (bound != null) {
      bound.cancel(false);
      bound = null;
    }
  }

  private void finish() {
    if (!ended) {
      ended = true;
      cancelBound();
      tails.remove(this);
      if (file != null && !writing) {
        close();
      }
    }
  }

  private void close() {
    try {
      file.close();
    } catch (IOException e) {
      log.debug("file did not close", "error", e);
    }
  }
}
