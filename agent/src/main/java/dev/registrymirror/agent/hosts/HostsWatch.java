package dev.registrymirror.agent.hosts;

import dev.registrymirror.agent.telemetry.Log;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Puts the mirror back into a hosts directory that something rewrites, as k3s does when it starts
 * and Talos when its machine configuration changes. On a thread of its own, until closed.
 *
 * <p>Its own writes wake it once more, and then it finds that everything is as it should be. Where
 * somebody rewrites after every put-back it gives way: each doubles the pause before the next.
 */
public final class HostsWatch implements AutoCloseable {

  private static final Log log = Log.of("hosts");

  /**
   * How often it works.
   *
   * @param quiet without a change, before it begins: whoever rewrites is to end first
   * @param sweep without an event, after which it looks all the same: kernels drop events, and a
   *     directory may be replaced by another of its name
   * @param pause at least, after it has written something; doubled by each that follows at once
   * @param longestPause at most
   */
  public record Pace(Duration quiet, Duration sweep, Duration pause, Duration longestPause) {
    public static final Pace DEFAULT =
        new Pace(
            Duration.ofMillis(500),
            Duration.ofSeconds(30),
            Duration.ofSeconds(1),
            Duration.ofMinutes(5));
  }

  /** Directories watched at most; beyond them the sweep has to do. */
  public static final int MAX_WATCHED = HostsSettings.MAX_REGISTRIES + 1;

  /** Changes waited out at most, before it begins though there is no quiet. */
  private static final int MAX_UNQUIET = 20;

  private static final Duration CLOSE = Duration.ofSeconds(5);

  /** How long a directory that somebody fights over may go without a look. */
  private static final Duration LOOK = Duration.ofSeconds(2);

  private final HostsDirectory directory;
  private final Pace pace;
  private final Consumer<Standing> heard;

  /** Empty where the kernel gives no more watches: the sweep still works. */
  private final Optional<WatchService> service;

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;

  private HostsWatch(HostsDirectory directory, Pace pace, Consumer<Standing> heard) {
    this.directory = directory;
    this.pace = pace;
    this.heard = heard;
    this.service = service(directory.path());
    this.thread = Thread.ofPlatform().daemon().name("hosts-watch").unstarted(this::run);
  }

  /**
   * Begins to watch; what is not as it should be is put back at once.
   *
   * @param heard told how the directory stands, before and after each change of it
   */
  public static HostsWatch start(HostsDirectory directory, Pace pace, Consumer<Standing> heard) {
    HostsWatch watch = new HostsWatch(directory, pace, heard);
    watch.thread.start();
    return watch;
  }

  private static Optional<WatchService> service(Path directory) {
    try {
      return Optional.of(directory.getFileSystem().newWatchService());
    } catch (IOException e) {
      log.warn("hosts directory not watched, looked at now and then", e, "directory", directory);
      return Optional.empty();
    }
  }

  private void run() {
    Duration pause = pace.pause;
    try {
      while (closed.getCount() > 0) {
        watchDirectories();
        boolean changed = putBack();
        look();
        if (changed) {
          rest(pause);
          pause = shorter(pause.multipliedBy(2), pace.longestPause);
        } else if (!changes(pace.sweep)) {
          pause = pace.pause;
        }
        look();
        for (int i = 0; i < MAX_UNQUIET && changes(pace.quiet); i++) {
          log.debug("hosts directory being rewritten", "directory", directory.path());
        }
      }
    } catch (ClosedWatchServiceException e) {
      log.debug("hosts directory watched no more", "directory", directory.path());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void rest(Duration pause) throws InterruptedException {
    long until = System.nanoTime() + pause.toNanos();
    Duration left = pause;
    while (left.isPositive() && !isClosedWithin(shorter(left, LOOK))) {
      look();
      left = Duration.ofNanos(until - System.nanoTime());
    }
  }

  private void look() {
    heard.accept(directory.standing());
  }

  private boolean isClosedWithin(Duration time) throws InterruptedException {
    return closed.await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private boolean putBack() {
    try {
      Report report = directory.putBack();
      if (report.isChanged()) {
        log.info("hosts directory put back", "directory", directory.path());
        heard.accept(directory.stood(report));
      }
      return report.isChanged();
    } catch (UnusableDirectoryException e) {
      log.warn("hosts directory not put back", "cause", e.getMessage());
      return false;
    } catch (RuntimeException e) {
      log.error("hosts directory not put back", e, "directory", directory.path());
      return false;
    }
  }

  /** Registering a directory again changes nothing where it is the same. */
  private void watchDirectories() {
    if (service.isEmpty() || !Files.isDirectory(directory.path())) {
      return;
    }
    try {
      List<Path> folders =
          Disk.list(directory.path()).stream()
              .filter(Disk::isDirectory)
              .limit(MAX_WATCHED - 1L)
              .toList();
      for (Path path : Stream.concat(Stream.of(directory.path()), folders.stream()).toList()) {
        path.register(
            service.get(),
            StandardWatchEventKinds.ENTRY_CREATE,
            StandardWatchEventKinds.ENTRY_MODIFY,
            StandardWatchEventKinds.ENTRY_DELETE);
      }
    } catch (IOException e) {
      // A folder may go while it is listed; the sweep sees what the watch does not.
      log.debug("hosts directory not watched", "cause", e.toString());
    }
  }

  /** Whether something changed within that time. */
  private boolean changes(Duration within) throws InterruptedException {
    if (service.isEmpty()) {
      isClosedWithin(within);
      return false;
    }
    WatchKey key = service.get().poll(within.toMillis(), TimeUnit.MILLISECONDS);
    if (key == null) {
      return false;
    }
    key.pollEvents();
    key.reset();
    return true;
  }

  /** Stops watching; waits 5 s at most for what is under way. */
  @Override
  public void close() throws IOException {
    closed.countDown();
    if (service.isPresent()) {
      service.get().close();
    }
    try {
      thread.join(CLOSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
