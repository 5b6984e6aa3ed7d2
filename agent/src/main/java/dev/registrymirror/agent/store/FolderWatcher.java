package dev.registrymirror.agent.store;

import dev.registrymirror.agent.telemetry.Log;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Watches folders that may not exist yet, may be removed, and may be made anew: what a content
 * store goes through when containerd is installed, wiped or mounted under a running agent.
 *
 * <p>Besides each folder its parents are watched ({@link #PARENTS} levels, or else the nearest that
 * exists), so that a folder is seen as soon as it appears or is replaced. Where inotify loses
 * events (its queue is bounded) the folder is listed again. Mounts over a folder raise no event:
 * folders are compared by device and inode every {@link #IDENTITY_CHECK}.
 *
 * <p>Where inotify cannot be had (its limit per user is often used up on a node, and only Linux has
 * it) folders are looked at every {@link #POLL}, and {@link #problem} says so.
 *
 * <p>One thread waits for events; the handler is called on the store's thread.
 */
public final class FolderWatcher implements AutoCloseable {

  private static final Log log = Log.of("store");

  static final int PARENTS = 3;
  static final Duration IDENTITY_CHECK = Duration.ofSeconds(30);
  static final Duration POLL = Duration.ofMillis(100);

  /** A folder changed this shortly before it was listed may change again with the same time. */
  private static final Duration COARSE_CLOCK = Duration.ofSeconds(1);

  /** How often registering is repeated when folders come and go meanwhile. */
  private static final int MAX_ROUNDS = 5;

  /** Told on the store's thread. */
  public interface Handler {
    /** The folder is watched from now on, or events were lost: list it. */
    void scan(Path folder);

    /** The entry {@code name} of the folder came, changed or went. */
    void changed(Path folder, String name);

    /** The folder does not exist, or no longer. */
    void missing(Path folder);
  }

  private record Watched(WatchKey key, Object identity) {}

  private record Listed(Object identity, FileTime modified, long atNanos) {}

  /** Where a watch service comes from. */
  @FunctionalInterface
  interface Source {
    WatchService open() throws IOException;
  }

  private final Source source;
  private final StoreThread thread;
  private final List<Path> folders;
  private final Set<Path> onTheWay = new HashSet<>();
  private final Handler handler;

  // Of the store's thread only.
  private final Map<Path, Watched> watched = new HashMap<>();
  private final Map<Path, Listed> listed = new HashMap<>();
  private final Set<Path> present = new HashSet<>();
  private boolean polling;

  // Written once by the store's thread, closed by any.
  private volatile WatchService service;
  private volatile String problem = "";
  private volatile boolean closed;

  /**
   * @param folders absolute; those that exist are first scanned in this order
   */
  public FolderWatcher(StoreThread thread, List<Path> folders, Handler handler) {
    this(thread, folders, handler, FolderWatcher::inotify);
  }

  FolderWatcher(StoreThread thread, List<Path> folders, Handler handler, Source source) {
    this.source = source;
    this.thread = thread;
    this.folders = List.copyOf(folders);
    this.handler = handler;
    for (Path folder : folders) {
      for (Path path = folder; path != null; path = path.getParent()) {
        onTheWay.add(path);
      }
    }
  }

  /** Begins to watch; each folder counts as missing until it is scanned. On the store's thread. */
  public void start() {
    thread.every(
        POLL,
        () -> {
          if (polling) {
            pollAll();
          }
        });
    try {
      service = source.open();
    } catch (IOException e) {
      poll(limitReached(e));
      return;
    }
    if (closed) {
      close();
      return;
    }
    watchAll();
    Thread.ofPlatform().name("store-watch").daemon().start(this::take);
    thread.every(IDENTITY_CHECK, this::watchAll);
  }

  private static WatchService inotify() throws IOException {
    if (!System.getProperty("os.name").equals("Linux")) {
      // The JDK looks at folders every few seconds there: too seldom.
      throw new IOException("this system is not Linux");
    }
    return FileSystems.getDefault().newWatchService();
  }

  /** What stands in the way of watching and its mend; empty where nothing does. */
  public String problem() {
    return problem;
  }

  private static String limitReached(IOException e) {
    return "inotify cannot be had ("
        + e.getMessage()
        + "); raise fs.inotify.max_user_instances and fs.inotify.max_user_watches on this node";
  }

  private void take() {
    try {
      boolean open = true;
      while (open) {
        WatchKey key = service.take();
        List<WatchEvent<?>> events = key.pollEvents();
        // Waiting here bounds what is queued: the kernel's queue, then the key's, then overflow.
        open = thread.executeAndWait(() -> handle((Path) key.watchable(), events));
        if (!key.reset()) {
          open = thread.executeAndWait(this::watchAll);
        }
      }
    } catch (ClosedWatchServiceException e) {
      log.debug("watching ended");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void handle(Path folder, List<WatchEvent<?>> events) {
    boolean isTarget = folders.contains(folder);
    boolean way = false;
    boolean lost = false;
    for (WatchEvent<?> event : events) {
      lost |= event.kind().equals(StandardWatchEventKinds.OVERFLOW);
      way |= event.context() instanceof Path name && onTheWay.contains(folder.resolve(name));
    }
    if (way || lost) {
      watchAll();
    }
    if (!isTarget || !present.contains(folder)) {
      return;
    }
    if (lost) {
      log.debug("events were lost, listing again", "folder", folder);
      handler.scan(folder);
      return;
    }
    Set<String> names = new HashSet<>();
    for (WatchEvent<?> event : events) {
      if (names.add(event.context().toString())) {
        handler.changed(folder, event.context().toString());
      }
    }
  }

  /** Watches what exists of the folders and their parents, and says what came or went. */
  private void watchAll() {
    Set<Path> toScan = new HashSet<>();
    try {
      int round = 0;
      while (register(toScan) && ++round < MAX_ROUNDS) {
        // Something was registered: what appeared below it before that raised no event.
      }
      problem = "";
      polling = false;
    } catch (IOException e) {
      poll(limitReached(e));
    } catch (ClosedWatchServiceException e) {
      return;
    }
    tell(toScan);
  }

  /** Says in the folders' order which went and which are to be listed. */
  private void tell(Set<Path> toScan) {
    for (Path folder : folders) {
      if (identity(folder).isEmpty()) {
        if (present.remove(folder)) {
          handler.missing(folder);
        }
      } else if (toScan.contains(folder)) {
        present.add(folder);
        handler.scan(folder);
      }
    }
  }

  /**
   * @return whether anything was registered that was not before
   */
  private boolean register(Set<Path> toScan) throws IOException {
    Map<Path, Object> wanted = wanted();
    for (Path path : Set.copyOf(watched.keySet())) {
      if (!wanted.containsKey(path)) {
        watched.remove(path).key().cancel();
      }
    }
    boolean registered = false;
    for (Map.Entry<Path, Object> entry : wanted.entrySet()) {
      Path path = entry.getKey();
      Watched before = watched.get(path);
      if (before != null && before.key().isValid() && before.identity().equals(entry.getValue())) {
        continue;
      }
      if (before != null) {
        before.key().cancel();
        watched.remove(path);
      }
      try {
        watched.put(path, new Watched(key(path), entry.getValue()));
        registered = true;
        if (folders.contains(path)) {
          toScan.add(path);
        }
      } catch (NoSuchFileException | NotDirectoryException e) {
        // It went meanwhile; its parent's event or the next round tells.
        registered = true;
      }
    }
    return registered;
  }

  private WatchKey key(Path path) throws IOException {
    return folders.contains(path)
        ? path.register(
            service,
            StandardWatchEventKinds.ENTRY_CREATE,
            StandardWatchEventKinds.ENTRY_MODIFY,
            StandardWatchEventKinds.ENTRY_DELETE)
        : path.register(
            service, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_DELETE);
  }

  /** The existing folders to watch, parents first, with their identities. */
  private Map<Path, Object> wanted() {
    Map<Path, Object> wanted = new LinkedHashMap<>();
    for (Path folder : folders) {
      List<Path> chain = new ArrayList<>();
      Path path = folder;
      for (int level = 0; path != null; level++, path = path.getParent()) {
        boolean exists = identity(path).isPresent();
        if (exists) {
          chain.addFirst(path);
        }
        if (exists && level >= PARENTS) {
          break;
        }
      }
      for (Path existing : chain) {
        identity(existing).ifPresent(identity -> wanted.put(existing, identity));
      }
    }
    return wanted;
  }

  /** Device and inode of a folder; empty where there is none. */
  private static Optional<Object> identity(Path path) {
    try {
      BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
      return attributes.isDirectory()
          ? Optional.of(attributes.fileKey() == null ? path : attributes.fileKey())
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private void poll(String why) {
    if (!polling) {
      log.warn("folders are polled", "why", why);
    }
    problem = why;
    polling = true;
  }

  private void pollAll() {
    Set<Path> toScan = new HashSet<>();
    for (Path folder : folders) {
      try {
        BasicFileAttributes now = Files.readAttributes(folder, BasicFileAttributes.class);
        Listed before = listed.get(folder);
        long nanos = System.nanoTime();
        Object identity = now.fileKey() == null ? folder : now.fileKey();
        if (before == null
            || !before.identity().equals(identity)
            || !before.modified().equals(now.lastModifiedTime())) {
          listed.put(folder, new Listed(identity, now.lastModifiedTime(), nanos));
          toScan.add(folder);
        } else if (nanos - before.atNanos() < COARSE_CLOCK.toNanos()) {
          toScan.add(folder);
        }
      } catch (IOException e) {
        listed.remove(folder);
      }
    }
    tell(toScan);
  }

  @Override
  public void close() {
    closed = true;
    WatchService open = service;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        log.debug("watch service did not close", "error", e);
      }
    }
  }
}
