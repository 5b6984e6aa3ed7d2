package dev.registrymirror.agent.store.layout;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.store.Blob;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.store.ContentFolder;
import dev.registrymirror.agent.store.Descriptor;
import dev.registrymirror.agent.store.Download;
import dev.registrymirror.agent.store.FolderWatcher;
import dev.registrymirror.agent.store.Manifest;
import dev.registrymirror.agent.store.ManifestTypes;
import dev.registrymirror.agent.store.Setup;
import dev.registrymirror.agent.store.StoreThread;
import dev.registrymirror.agent.store.Tags;
import dev.registrymirror.agent.telemetry.Log;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An OCI image layout folder (OCI image spec, "Image Layout"): the store where there is no
 * containerd. Other tools write it while it is watched.
 *
 * <p>A file counts as committed when it is as long as its descriptor in {@code index.json}, or in a
 * manifest that is listed there, says; where there is no descriptor, or another length, when its
 * bytes have its digest. So files that tools write in place are never served half.
 *
 * <p>Images are named by {@code io.containerd.image.name} or {@code
 * org.opencontainers.image.ref.name}, in full ({@code docker.io/library/nginx:1.29}); a bare tag
 * does not tell its repository and is left out. A layout does not tell when a name was given: it
 * counts as seen when the {@code index.json} that first had it so was written.
 */
public final class LayoutStore implements BlobStore, FolderWatcher.Handler {

  private static final Log log = Log.of("store");

  static final String INDEX = "index.json";
  static final String REF_NAME = "org.opencontainers.image.ref.name";
  static final String IMAGE_NAME = "io.containerd.image.name";

  /** Beyond it blobs are hashed in place of looking up their descriptors. */
  static final int MAX_DESCRIPTORS = 100_000;

  private final Path dir;
  private final StoreThread thread = new StoreThread("store");
  private final ContentFolder content;
  private final FolderWatcher watcher;
  private final ManifestTypes types;

  // Written by the store's thread, read by find().
  private final Map<Digest, Long> sizes = new ConcurrentHashMap<>();

  // Of the store's thread only: manifests that are described and whose own descriptors are not
  // read.
  private final Set<Digest> unread = new HashSet<>();

  // Of the store's thread only: as index.json had it last.
  private Map<String, Tags.Pointer> images = Map.of();

  // Set by start(), before anything happens on the store's thread.
  private volatile Listener listener;
  private volatile Tags tags;

  // Written by the store's thread.
  private volatile boolean present;
  private volatile String problem = "";

  /**
   * @param dir the folder with {@code index.json}; it may come later
   */
  public LayoutStore(Path dir) {
    this.dir = dir.toAbsolutePath().normalize();
    content =
        new ContentFolder(
            this.dir,
            thread,
            (digest, size) -> Long.valueOf(size).equals(sizes.get(digest)),
            new ContentFolder.Changes() {
              @Override
              public void committed(Digest digest) {
                listener.committed(digest);
                if (unread.remove(digest)) {
                  children(digest).forEach(LayoutStore.this::describe);
                  thread.execute(content::considerUnproven);
                }
              }

              @Override
              public void deleted(Digest digest) {
                listener.deleted(digest);
              }
            });
    types = new ManifestTypes(content::find);
    List<Path> folders = new ArrayList<>();
    folders.add(this.dir);
    folders.addAll(content.folders());
    watcher = new FolderWatcher(thread, folders, this);
  }

  @Override
  public void start(Listener listener) {
    this.listener = listener;
    tags = new Tags(listener);
    thread.execute(watcher::start);
  }

  @Override
  public Optional<Blob> find(Digest digest) throws IOException {
    return content.find(digest);
  }

  /** What is written to a layout is seen when it is whole. */
  @Override
  public Optional<Download> download(Digest digest) {
    return Optional.empty();
  }

  @Override
  public Optional<String> manifestType(Digest digest) throws IOException {
    return types.of(digest);
  }

  @Override
  public Optional<Digest> resolve(Tag tag) {
    Tags known = tags;
    return known == null ? Optional.empty() : known.resolve(tag);
  }

  @Override
  public void verify(Digest digest) {
    content.verify(digest);
  }

  @Override
  public Setup setup() {
    return Setup.UNKNOWN;
  }

  @Override
  public Health health() {
    if (!present) {
      return new Health(
          false, "no OCI image layout in " + dir + "; make one there, or name another folder");
    }
    return new Health(problem.isEmpty(), problem.isEmpty() ? watcher.problem() : problem);
  }

  @Override
  public void scan(Path folder) {
    if (folder.equals(dir)) {
      readIndex();
    } else {
      content.scan(folder);
    }
  }

  @Override
  public void changed(Path folder, String name) {
    if (!folder.equals(dir)) {
      content.changed(folder, name);
    } else if (name.equals(INDEX)) {
      readIndex();
    }
  }

  @Override
  public void missing(Path folder) {
    if (folder.equals(dir)) {
      readIndex();
    } else {
      content.missing(folder);
    }
  }

  /**
   * A file that does not parse is one being written: what was known stays until the next change.
   */
  private void readIndex() {
    Path file = dir.resolve(INDEX);
    Manifest index;
    Instant written;
    try {
      // Before it is read: of what comes later, a change tells.
      written = Files.getLastModifiedTime(file).toInstant();
      if (Files.size(file) > MAX_MANIFEST_BYTES) {
        problem = file + " is larger than " + MAX_MANIFEST_BYTES + " bytes; split the layout";
        log.warn("index is too large", "mend", problem);
        return;
      }
      try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
        index = Manifest.read(in);
      }
    } catch (NoSuchFileException e) {
      present = false;
      images = Map.of();
      tags.replace(images);
      return;
    } catch (JsonProcessingException e) {
      problem = file + " does not parse: " + e.getMessage() + "; write it anew";
      log.debug("index does not parse", "file", file, "because", e.getMessage());
      return;
    } catch (IOException e) {
      problem = file + " cannot be read: " + e + "; let the agent read it";
      log.warn("index cannot be read", e, "file", file, "mend", "let the agent read it");
      return;
    }
    present = true;
    problem = "";
    index.children().forEach(this::describe);
    images = images(index, written);
    tags.replace(images);
    content.considerUnproven();
  }

  /** An image that stays as it was was not seen anew, only because another came. */
  private Map<String, Tags.Pointer> images(Manifest index, Instant written) {
    Map<String, Tags.Pointer> now = new HashMap<>();
    for (Descriptor image : index.children()) {
      for (String key : List.of(REF_NAME, IMAGE_NAME)) {
        String name = image.annotations().get(key);
        if (name != null) {
          Tags.Pointer before = images.get(name);
          boolean same = before != null && before.digest().equals(image.digest());
          now.put(name, same ? before : new Tags.Pointer(image.digest(), written));
        }
      }
    }
    return now;
  }

  /** Takes note of the descriptor, and of those below it as far as they are held. */
  private void describe(Descriptor root) {
    Deque<Descriptor> open = new ArrayDeque<>(List.of(root));
    while (!open.isEmpty() && sizes.size() < MAX_DESCRIPTORS) {
      Descriptor descriptor = open.pop();
      boolean isNew = sizes.putIfAbsent(descriptor.digest(), descriptor.size()) == null;
      if (isNew && Manifest.isManifest(descriptor.mediaType())) {
        types.described(descriptor);
        open.addAll(children(descriptor.digest()));
      }
    }
  }

  /** The manifest's own descriptors; none where it is not held yet, then they come with it. */
  private List<Descriptor> children(Digest digest) {
    try {
      Optional<Blob> blob = content.find(digest);
      if (blob.isEmpty()) {
        unread.add(digest);
        return List.of();
      }
      return ManifestTypes.read(blob.get()).map(Manifest::children).orElse(List.of());
    } catch (IOException e) {
      log.warn("manifest cannot be read", e, "digest", digest, "mend", "let the agent read it");
      return List.of();
    }
  }

  @Override
  public void close() {
    watcher.close();
    thread.close();
  }
}
