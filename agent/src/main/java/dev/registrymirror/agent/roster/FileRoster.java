package dev.registrymirror.agent.roster;

import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.telemetry.Log;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A roster in a file ({@link RosterFile}), read again when it changes: written anew, renamed into
 * place, or, as kubelet does with a mounted ConfigMap, reached through a link {@code ..data} that
 * is swapped. So the folder is watched, not the file.
 *
 * <p>A file that is missing is waited for. One that cannot be read or has a fault changes nothing:
 * the last good roster stays, and the log says what is wrong.
 *
 * <p>One thread. Where inotify cannot be had, and while the folder is missing, the file is looked
 * at every {@link #POLL}; in any case every {@link #LOOK}.
 */
public final class FileRoster implements Roster {

  static final Duration POLL = Duration.ofSeconds(1);
  static final Duration LOOK = Duration.ofSeconds(30);

  /**
   * Without an event for so long, a writer has done its work; at most {@link #MAX_SETTLE} times.
   */
  static final Duration SETTLE = Duration.ofMillis(50);

  static final int MAX_SETTLE = 20;

  private static final Log log = Log.of("roster");

  private final Path file;
  private volatile Members members = new Members(_ -> {});
  private final CountDownLatch closed = new CountDownLatch(1);
  private Thread thread;

  // Of the thread only.
  private WatchKey key;
  private Seen seen;

  // Written by the thread, read by tests.
  private volatile String fault = "";

  /** What tells that a file is another or was written to. */
  private record Seen(Object identity, FileTime modified, long size) {}

  public FileRoster(Path file) {
    this.file = file.toAbsolutePath();
  }

  @Override
  public synchronized void start(Consumer<Set<Peer>> listener) {
    if (thread != null) {
      throw new IllegalStateException("started already");
    }
    members = new Members(listener);
    thread = Thread.ofPlatform().name("roster").daemon().start(this::run);
  }

  @Override
  public Set<Peer> members() {
    return members.current();
  }

  /** What is wrong with the file as it is; empty: nothing. */
  String fault() {
    return fault;
  }

  @Override
  public synchronized void close() {
    closed.countDown();
    if (thread != null) {
      thread.interrupt();
    }
  }

  private void run() {
    try (WatchService service = watchService()) {
      while (closed.getCount() > 0) {
        // Registered before it is read: a change between the two is an event.
        boolean watched = register(service);
        if (changed()) {
          read();
        }
        if (!watched) {
          closed.await(POLL.toMillis(), TimeUnit.MILLISECONDS);
        } else if (event(service, LOOK)) {
          for (int i = 0; i < MAX_SETTLE && event(service, SETTLE); i++) {}
          // A clock too coarse for two writes must not hide the second.
          seen = null;
        }
      }
    } catch (InterruptedException | ClosedWatchServiceException e) {
      // Closed.
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      log.warn("roster's folder not let go", e, "file", file);
    }
  }

  /** Null where there is none to be had. */
  private WatchService watchService() {
    try {
      return FileSystems.getDefault().newWatchService();
    } catch (IOException e) {
      log.warn(
          "roster's folder not watched, its file is looked at every second",
          "file",
          file,
          "cause",
          e.getMessage(),
          "mend",
          "raise fs.inotify.max_user_instances");
      return null;
    }
  }

  private boolean register(WatchService service) {
    if (service == null) {
      return false;
    }
    if (key != null && key.isValid()) {
      return true;
    }
    try {
      key =
          file.getParent()
              .register(
                  service,
                  StandardWatchEventKinds.ENTRY_CREATE,
                  StandardWatchEventKinds.ENTRY_MODIFY,
                  StandardWatchEventKinds.ENTRY_DELETE);
      return true;
    } catch (IOException e) {
      // Not there yet, or no longer: the file itself is reported.
      key = null;
      return false;
    }
  }

  /** Whether there was an event within {@code millis}. */
  private static boolean event(WatchService service, Duration within) throws InterruptedException {
    WatchKey ready = service.poll(within.toMillis(), TimeUnit.MILLISECONDS);
    if (ready == null) {
      return false;
    }
    ready.pollEvents();
    ready.reset();
    return true;
  }

  private boolean changed() {
    Seen before = seen;
    try {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      seen = new Seen(now.fileKey(), now.lastModifiedTime(), now.size());
    } catch (IOException e) {
      // What is wrong, reading tells.
      seen = null;
    }
    return seen == null || !seen.equals(before);
  }

  /**
   * The nodes of a roster file as it is now, each once, at least one.
   *
   * @throws IOException where it is not there, or has a fault; it says where
   */
  public static List<Peer> read(Path file) throws IOException {
    try (InputStream input = Files.newInputStream(file)) {
      byte[] bytes = input.readNBytes(RosterFile.MAX_BYTES + 1);
      if (bytes.length > RosterFile.MAX_BYTES) {
        throw new RosterFile.MalformedRosterException(
            "longer than " + RosterFile.MAX_BYTES + " bytes");
      }
      return RosterFile.parse(bytes);
    }
  }

  private void read() {
    try {
      members.publish(read(file));
      fault = "";
    } catch (NoSuchFileException e) {
      report("roster file missing, waiting for it", "");
    } catch (IOException e) {
      report("roster file not usable, the last good one stays", e.getMessage());
    }
  }

  /** Once, until it is another fault or mended. */
  private void report(String event, String what) {
    String now = event + what;
    if (!now.equals(fault)) {
      fault = now;
      log.warn(event, "file", file, "fault", what, "nodes", members.current().size());
    }
  }
}
