package dev.registrymirror.agent.store.containerd;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.Download;
import dev.registrymirror.agent.telemetry.Log;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * containerd's downloads under way: {@code ingest/<id>/}, with {@code ref} ({@code
 * k8s.io/<n>/layer-sha256:<hex>}), {@code total} (bytes) and {@code data} (content/local/store.go).
 * {@code data} is written in order, in steps of 1 MiB, and renamed when it is committed; all
 * releases.
 *
 * <p>{@link #scan}, {@link #changed} and {@link #missing} are called on the store's thread. A
 * thread of its own waits for writes; where inotify cannot be had nothing is found, and downloads
 * are not shared before they are whole.
 */
final class Ingests implements AutoCloseable {

  private static final Log log = Log.of("store");

  /** Watched at once; what has been left behind by cancelled pulls stays for a day. */
  static final int MAX = 1024;

  /** The digest at the end of a {@code ref}. */
  private static final Pattern REF = Pattern.compile("\\S*-(sha(?:256|512):[0-9a-f]+)\\s*");

  private final Path folder;
  private final Consumer<Digest> changed;
  private final Map<Path, Ingest> ingests = new ConcurrentHashMap<>();
  private final WatchService service;

  /** One folder. The download is known once its {@code ref} and {@code total} are. */
  private static final class Ingest {
    private final Path path;
    private final WatchKey key;
    private volatile Download download;

    Ingest(Path path, WatchKey key) {
      this.path = path;
      this.key = key;
    }
  }

  /**
   * @param folder {@code ingest}, which may come later
   * @param changed told of a digest whose download has begun, grown or ended
   */
  Ingests(Path folder, Consumer<Digest> changed) {
    this.folder = folder;
    this.changed = changed;
    service = open();
    if (service != null) {
      Thread.ofPlatform().name("store-ingest").daemon().start(this::take);
    }
  }

  private static WatchService open() {
    try {
      return FileSystems.getDefault().newWatchService();
    } catch (IOException e) {
      log.warn(
          "downloads under way are not shared",
          e,
          "mend",
          "raise fs.inotify.max_user_instances on this node");
      return null;
    }
  }

  Path folder() {
    return folder;
  }

  /** The one that grew last. */
  Optional<Download> download(Digest digest) {
    return ingests.values().stream()
        .map(ingest -> ingest.download)
        .filter(download -> download != null && download.digest().equals(digest))
        .min(
            Comparator.comparing((Download download) -> !download.hasGrown())
                .thenComparing(Download::quiet));
  }

  /** Lists the folder anew. */
  void scan() {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        add(entry);
      }
    } catch (IOException | DirectoryIteratorException e) {
      log.debug("ingests cannot be listed", "why", e);
    }
    ingests.values().stream().filter(each -> !Files.exists(each.path)).forEach(this::remove);
  }

  /** What the entries of the folder are downloads of, also those that nothing is written to. */
  Set<Digest> digests() {
    Set<Digest> digests = new HashSet<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        if (digests.size() < MAX) {
          ref(entry).ifPresent(digests::add);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      log.debug("ingests cannot be listed", "why", e);
    }
    return digests;
  }

  private static Optional<Digest> ref(Path path) {
    try {
      Matcher ref = REF.matcher(Files.readString(path.resolve("ref")));
      return ref.matches() ? Digest.tryParse(ref.group(1)) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** An entry of the folder came or went. */
  void changed(String name) {
    Path path = folder.resolve(name);
    Ingest known = ingests.get(path);
    if (known != null && !Files.exists(path)) {
      remove(known);
    } else {
      add(path);
    }
  }

  /** The folder is gone. */
  void missing() {
    ingests.values().forEach(this::remove);
  }

  private void add(Path path) {
    Ingest known = ingests.get(path);
    if (service == null
        || (known != null && known.key.isValid())
        || ingests.size() >= MAX
        || !Files.isDirectory(path)) {
      return;
    }
    try {
      WatchKey key =
          path.register(
              service,
              StandardWatchEventKinds.ENTRY_CREATE,
              StandardWatchEventKinds.ENTRY_MODIFY,
              StandardWatchEventKinds.ENTRY_DELETE);
      Ingest ingest = new Ingest(path, key);
      ingests.put(path, ingest);
      look(ingest, false);
    } catch (IOException | ClosedWatchServiceException e) {
      log.debug("ingest is not watched", "folder", path, "why", e);
    }
  }

  private void take() {
    try {
      while (true) {
        WatchKey key = service.take();
        key.pollEvents();
        Ingest ingest = ingests.get((Path) key.watchable());
        if (ingest != null) {
          look(ingest, true);
        }
        if (!key.reset() && ingest != null && ingest.key.equals(key)) {
          remove(ingest);
        }
      }
    } catch (ClosedWatchServiceException e) {
      log.debug("watching ingests ended");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Both threads look: an ingest's first look may be late for its first events. */
  private void look(Ingest ingest, boolean written) {
    synchronized (ingest) {
      if (ingest.download == null) {
        ingest.download = read(ingest.path);
      }
      Download download = ingest.download;
      if (download == null || download.isOver()) {
        return;
      }
      Path data = ingest.path.resolve("data");
      try {
        long length = Files.size(data);
        if (written) {
          download.grew(length);
        } else {
          download.found(length);
        }
      } catch (IOException e) {
        // It is being committed or removed, or not there yet.
        log.debug("ingest without data", "folder", ingest.path);
      }
    }
    changed.accept(ingest.download.digest());
  }

  /** Null where it does not say yet what it is. */
  private static Download read(Path path) {
    try {
      long total = Long.parseLong(Files.readString(path.resolve("total")).strip());
      return ref(path)
          .filter(digest -> total > 0)
          .map(digest -> new Download(digest, path.resolve("data"), total))
          .orElse(null);
    } catch (IOException | NumberFormatException e) {
      return null;
    }
  }

  private void remove(Ingest ingest) {
    ingest.key.cancel();
    ingests.remove(ingest.path, ingest);
    Download download = ingest.download;
    if (download != null) {
      download.end();
      changed.accept(download.digest());
    }
  }

  @Override
  public void close() {
    if (service != null) {
      try {
        service.close();
      } catch (IOException e) {
        log.debug("watch service did not close", "error", e);
      }
    }
  }
}
