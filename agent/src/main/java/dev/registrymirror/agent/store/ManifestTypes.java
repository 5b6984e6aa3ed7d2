package dev.registrymirror.agent.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.telemetry.Log;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The media types of manifests, as {@link BlobStore#manifestType} says. What was found is kept for
 * the {@link #MAX_KNOWN} used last, and so is what descriptors say; a digest's type never changes.
 */
public final class ManifestTypes {

  private static final Log log = Log.of("store");

  static final int MAX_KNOWN = 1024;

  private static final int BUFFER_BYTES = 16 << 10;

  /** Finds what is held. */
  @FunctionalInterface
  public interface Finder {
    Optional<Blob> find(Digest digest) throws IOException;
  }

  private final Finder finder;
  private final Map<Digest, String> known = new LeastRecentlyUsed();
  private final Map<Digest, String> described = new LeastRecentlyUsed();

  public ManifestTypes(Finder finder) {
    this.finder = finder;
  }

  /** A descriptor was seen; counts where a manifest does not say itself what it is. */
  public synchronized void described(Descriptor descriptor) {
    if (Manifest.isManifest(descriptor.mediaType())) {
      described.put(descriptor.digest(), descriptor.mediaType());
    }
  }

  /** As {@link BlobStore#manifestType}. */
  public Optional<String> of(Digest digest) throws IOException {
    Optional<Blob> blob = finder.find(digest);
    if (blob.isEmpty()) {
      return Optional.empty();
    }
    synchronized (this) {
      String type = known.get(digest);
      if (type != null) {
        return Optional.of(type);
      }
    }
    Optional<Manifest> manifest = read(blob.get());
    manifest.ifPresent(read -> read.children().forEach(this::described));
    return manifest.flatMap(read -> remember(digest, read));
  }

  private synchronized Optional<String> remember(Digest digest, Manifest manifest) {
    Optional<String> type =
        manifest.says()
            ? manifest.mediaType()
            : Optional.ofNullable(described.get(digest)).or(manifest::mediaType);
    type.ifPresent(found -> known.put(digest, found));
    return type;
  }

  /**
   * Reads that blob as a manifest; empty where it is none, too large, or gone.
   *
   * @throws IOException where it cannot be read
   */
  public static Optional<Manifest> read(Blob blob) throws IOException {
    if (blob.size() > BlobStore.MAX_MANIFEST_BYTES) {
      log.debug("too large for a manifest", "digest", blob.digest(), "size", blob.size());
      return Optional.empty();
    }
    try (InputStream in =
        new BufferedInputStream(Files.newInputStream(blob.file()), BUFFER_BYTES)) {
      return Optional.of(Manifest.read(in));
    } catch (JsonProcessingException e) {
      log.debug("not a manifest", "digest", blob.digest(), "because", e.getMessage());
      return Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private static final class LeastRecentlyUsed extends LinkedHashMap<Digest, String> {
    private static final long serialVersionUID = 1;

    LeastRecentlyUsed() {
      super(16, 0.75f, true);
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<Digest, String> eldest) {
      return size() > MAX_KNOWN;
    }
  }
}
