package dev.registrymirror.agent.store.containerd;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.store.Blob;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.store.ContentFolder;
import dev.registrymirror.agent.store.Descriptor;
import dev.registrymirror.agent.store.Download;
import dev.registrymirror.agent.store.FolderWatcher;
import dev.registrymirror.agent.store.ManifestTypes;
import dev.registrymirror.agent.store.Setup;
import dev.registrymirror.agent.store.StoreThread;
import dev.registrymirror.agent.store.Tags;
import dev.registrymirror.agent.store.containerd.api.Image;
import dev.registrymirror.agent.store.containerd.api.Info;
import dev.registrymirror.agent.telemetry.Log;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * containerd's content store. Blobs are found by watching its folder, on every release alike:
 * containerd renames a file there once it is whole and synced, and 1.6 sends no event for it. They
 * are served while containerd is away. Images, and how long blobs ought to be, come from its API.
 *
 * <p>The folder holds the blobs of all of containerd's namespaces, and all are shared; images are
 * those of one.
 */
public final class ContainerdStore implements BlobStore, FolderWatcher.Handler {

  private static final Log log = Log.of("store");

  /** containerd's grammar of a namespace: {@code pkg/identifiers}. */
  private static final Pattern NAMESPACE = Pattern.compile("[A-Za-z0-9]+([._-][A-Za-z0-9]+)*");

  private static final int MAX_NAMESPACE = 76;

  /** Labels of a manifest or index, one a part: {@code …content.l.0} for a layer. */
  private static final String PART_LABEL = "containerd.io/gc.ref.content.";

  /** Those of an index. */
  private static final String MANIFEST_LABEL = PART_LABEL + "m.";

  private final Path socket;
  private final Path contentStore;
  private final StoreThread thread = new StoreThread("store");
  private final ContentFolder content;
  private final Ingests ingests;
  private final FolderWatcher watcher;
  private final Arrivals arrivals;
  private final ManifestTypes types;
  private final ContainerdSession session;

  // Set by start(), before anything happens on the store's thread.
  private volatile Listener listener;
  private volatile Tags tags;

  // Written by the store's thread.
  private volatile boolean present;

  // containerd has blobs, and the folder had none of them. Written by the connection's event loop.
  private volatile boolean elsewhere;

  /**
   * @param group with an epoll handler
   * @param socket of containerd; it may come later, its folder is watched
   * @param namespace whose images count: {@code k8s.io}
   * @param contentStore the folder {@code io.containerd.content.v1.content}; it may come later
   * @throws IllegalArgumentException where {@code namespace} is malformed
   */
  public ContainerdStore(EventLoopGroup group, Path socket, String namespace, Path contentStore) {
    if (namespace.length() > MAX_NAMESPACE || !NAMESPACE.matcher(namespace).matches()) {
      throw new IllegalArgumentException("not a namespace of containerd: " + namespace);
    }
    this.socket = socket.toAbsolutePath().normalize();
    this.contentStore = contentStore.toAbsolutePath().normalize();
    content =
        new ContentFolder(
            this.contentStore,
            thread,
            (digest, size) -> true,
            new ContentFolder.Changes() {
              @Override
              public void committed(Digest digest) {
                arrivals.committed(digest, listener);
                listener.committed(digest);
              }

              @Override
              public void deleted(Digest digest) {
                listener.deleted(digest);
              }
            });
    types = new ManifestTypes(content::find);
    ingests = new Ingests(this.contentStore.resolve("ingest"), d -> listener.downloading(d));
    session = new ContainerdSession(group, this.socket, namespace, thread, new FromContainerd());
    List<Path> folders = new ArrayList<>();
    folders.add(this.contentStore);
    // Before the blobs, so that a download that was there is found in one of the two.
    folders.add(ingests.folder());
    folders.addAll(content.folders());
    folders.add(this.socket.getParent());
    arrivals = new Arrivals(thread, content::find, session::origins, Arrivals.FIRST_MOMENTS);
    watcher = new FolderWatcher(thread, folders, this);
  }

  @Override
  public void start(Listener listener) {
    this.listener = listener;
    tags = new Tags(listener);
    // The folder first: what containerd then says of lengths is held against it.
    thread.execute(watcher::start);
    thread.execute(session::start);
  }

  @Override
  public Optional<Blob> find(Digest digest) throws IOException {
    return content.find(digest);
  }

  @Override
  public Optional<Download> download(Digest digest) {
    return ingests.download(digest);
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
    return session.setup();
  }

  @Override
  public Health health() {
    if (!session.isLive()) {
      return new Health(false, session.problem());
    }
    if (elsewhere && content.size() == 0) {
      return new Health(
          false,
          "none of containerd's blobs is in "
              + contentStore
              + (present ? "" : ", which is not there")
              + "; mount the content store of this containerd, or name it with --content-store");
    }
    return new Health(true, watcher.problem());
  }

  @Override
  public void scan(Path folder) {
    if (folder.equals(contentStore)) {
      present = true;
    } else if (folder.equals(socket.getParent())) {
      session.socketChanged();
    } else if (folder.equals(ingests.folder())) {
      ingests.scan();
      arrivals.downloading(ingests.digests());
    } else {
      content.scan(folder);
      session.contentDue();
    }
  }

  @Override
  public void changed(Path folder, String name) {
    if (folder.equals(socket.getParent())) {
      if (name.equals(socket.getFileName().toString())) {
        session.socketChanged();
      }
    } else if (folder.equals(ingests.folder())) {
      ingests.changed(name);
    } else if (!folder.equals(contentStore)) {
      content.changed(folder, name);
    }
  }

  @Override
  public void missing(Path folder) {
    if (folder.equals(contentStore)) {
      present = false;
    } else if (folder.equals(ingests.folder())) {
      ingests.missing();
    } else if (!folder.equals(socket.getParent())) {
      content.missing(folder);
    }
  }

  private final class FromContainerd implements ContainerdSession.Store {
    @Override
    public void images(List<Image> images) {
      Map<String, Tags.Pointer> names = new HashMap<>();
      for (Image image : images) {
        Optional<Digest> target = Digest.tryParse(image.getTarget().getDigest());
        if (target.isEmpty()) {
          log.debug("image without a digest", "name", image.getName());
          continue;
        }
        names.put(image.getName(), new Tags.Pointer(target.get(), updated(image)));
        types.described(
            new Descriptor(
                image.getTarget().getMediaType(),
                target.get(),
                image.getTarget().getSize(),
                Map.of()));
      }
      tags.replace(names);
    }

    /** Every pull updates the record, also one that finds the tag where it was. */
    private static Instant updated(Image image) {
      return Instant.ofEpochSecond(
          image.getUpdatedAt().getSeconds(), image.getUpdatedAt().getNanos());
    }

    @Override
    public boolean isEmpty() {
      return content.size() == 0;
    }

    @Override
    public ContainerdSession.Listing content() {
      return new Comparison();
    }
  }

  /** Holds what containerd says of its blobs against what the folder has. */
  private final class Comparison implements ContainerdSession.Listing {
    private final Set<String> registries = new HashSet<>();
    private final Set<Digest> missing = new HashSet<>();
    private final boolean seeksMissing = arrivals.isMissingUnknown();
    private int blobs;
    private int held;

    @Override
    public void part(List<Info> infos) {
      for (Info info : infos) {
        Optional<Digest> digest = Digest.tryParse(info.getDigest());
        if (digest.isPresent()) {
          blobs++;
          held += content.expect(digest.get(), info.getSize()) ? 1 : 0;
        }
        for (String registry : ContainerdSession.sources(info)) {
          if (registries.size() < Tags.MAX_REGISTRIES) {
            registries.add(registry);
          }
        }
        if (seeksMissing && missing.size() < Arrivals.MAX_KNOWN) {
          missing.addAll(missing(info.getLabelsMap()));
        }
      }
    }

    /**
     * What a manifest lists and is not here: none as a rule. Of an index a node has one platform's
     * manifest, so that the others do not count.
     */
    private List<Digest> missing(Map<String, String> labels) {
      List<Digest> parts = new ArrayList<>();
      List<Digest> absent = new ArrayList<>();
      boolean isIndex = false;
      for (Map.Entry<String, String> label : labels.entrySet()) {
        if (label.getKey().startsWith(PART_LABEL)) {
          isIndex |= label.getKey().startsWith(MANIFEST_LABEL);
          Digest.tryParse(label.getValue()).ifPresent(parts::add);
        }
      }
      parts.stream().filter(part -> !content.holds(part)).forEach(absent::add);
      return isIndex && absent.size() < parts.size() ? List.of() : absent;
    }

    @Override
    public void end() {
      log.debug("content listed", "blobs", blobs, "held", held);
      elsewhere = blobs > 0 && held == 0;
      thread.execute(
          () -> {
            arrivals.missing(missing);
            registries.forEach(tags::seen);
          });
    }
  }

  @Override
  public void close() {
    watcher.close();
    thread.close();
    ingests.close();
    session.close();
  }
}
