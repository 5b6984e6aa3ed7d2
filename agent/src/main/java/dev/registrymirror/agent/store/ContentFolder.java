package dev.registrymirror.agent.store;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Digest.Algorithm;
import dev.registrymirror.agent.store.Hasher.Outcome;
import dev.registrymirror.agent.telemetry.Log;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Blobs as files: {@code <root>/blobs/<algorithm>/<hex>}, which is both containerd's content store
 * and the OCI image layout. Knows which are held and how long they are.
 *
 * <p>Entries whose name is no digest, and those that are no regular files, do not count; links are
 * not followed. In memory a blob takes about 200 bytes.
 *
 * <p>{@link #find} and {@link #verify} may be called from any thread, the others on the store's.
 */
public final class ContentFolder {

  private static final Log log = Log.of("store");

  /** Knows of a file that it is whole. */
  public interface Wholeness {
    /**
     * Whether a file of that size is whole for sure; where not, it is hashed. Any thread.
     *
     * @param size in bytes
     */
    boolean isWhole(Digest digest, long size);
  }

  /** Told on the store's thread. */
  public interface Changes {
    void committed(Digest digest);

    void deleted(Digest digest);
  }

  /** Why a file that is there is not held. */
  private sealed interface Fault {
    boolean persists(BasicFileAttributes now);

    /** It is not as long as the store's metadata says. */
    record Length(long expected) implements Fault {
      @Override
      public boolean persists(BasicFileAttributes now) {
        return now.size() != expected;
      }
    }

    /** It does not have its digest. */
    record Corrupt(Object inode, FileTime modified) implements Fault {
      @Override
      public boolean persists(BasicFileAttributes now) {
        return now.lastModifiedTime().equals(modified)
            && (inode == null || inode.equals(now.fileKey()));
      }
    }
  }

  private final Path root;
  private final StoreThread thread;
  private final Wholeness wholeness;
  private final Changes changes;
  private final Hasher hasher;
  private final Proofs proofs;

  // Written by the store's thread, read by all.
  private final Map<Digest, Long> held = new ConcurrentHashMap<>();
  private final Map<Digest, Fault> faults = new ConcurrentHashMap<>();
  private final Set<Digest> verifying = ConcurrentHashMap.newKeySet();

  public ContentFolder(Path root, StoreThread thread, Wholeness wholeness, Changes changes) {
    this.root = root;
    this.thread = thread;
    this.wholeness = wholeness;
    this.changes = changes;
    hasher = new Hasher(thread);
    proofs = new Proofs(thread, hasher, this::file, this::lookOrNothing, this::hold);
  }

  /** The folders to watch, absolute: one an algorithm. */
  public List<Path> folders() {
    List<Path> folders = new ArrayList<>();
    for (Algorithm algorithm : Algorithm.values()) {
      folders.add(root.resolve("blobs").resolve(algorithm.id()));
    }
    return folders;
  }

  /** Whether a blob is held, as far as it was noticed; any thread. */
  public boolean holds(Digest digest) {
    return held.containsKey(digest);
  }

  /** How many blobs are held. */
  public int size() {
    return held.size();
  }

  /**
   * As {@link BlobStore#find}. A file that was committed and not noticed yet is found too.
   *
   * @throws IOException where the file is there and cannot be looked at
   */
  public Optional<Blob> find(Digest digest) throws IOException {
    Optional<BasicFileAttributes> attributes = look(digest);
    Long size = held.get(digest);
    long actual = attributes.map(BasicFileAttributes::size).orElse(-1L);
    boolean found =
        actual >= 0
            && (size == null
                ? !faults.containsKey(digest) && wholeness.isWhole(digest, actual)
                : size == actual);
    if (!found && size != null) {
      thread.execute(() -> consider(digest));
    }
    return found ? Optional.of(new Blob(digest, file(digest), actual)) : Optional.empty();
  }

  /** As {@link BlobStore#verify}. */
  public void verify(Digest digest) {
    if (!held.containsKey(digest)
        || verifying.size() >= BlobStore.MAX_VERIFICATIONS
        || !verifying.add(digest)) {
      log.debug("verification dropped", "digest", digest, "waiting", verifying.size());
      return;
    }
    thread.execute(
        () ->
            lookOrNothing(digest)
                .ifPresentOrElse(
                    attributes ->
                        hasher.hashInBackground(
                            digest, file(digest), outcome -> verified(digest, attributes, outcome)),
                    () -> verifying.remove(digest)));
  }

  private void verified(Digest digest, BasicFileAttributes hashed, Outcome outcome) {
    verifying.remove(digest);
    switch (outcome) {
      case Outcome.Match(long size) -> log.info("blob verified", "digest", digest, "size", size);
      case Outcome.Mismatch() -> {
        Fault fault = new Fault.Corrupt(hashed.fileKey(), hashed.lastModifiedTime());
        // Where the file was replaced meanwhile, what was hashed says nothing of it.
        if (held.containsKey(digest) && lookOrNothing(digest).filter(fault::persists).isPresent()) {
          log.error(
              "blob is corrupt, withdrawn",
              null,
              "digest",
              digest,
              "file",
              file(digest),
              "mend",
              "check the disk; remove the images that use it and pull them again");
          withhold(digest, fault);
        }
      }
      case Outcome.Unreadable(IOException cause) ->
          log.warn("blob could not be verified", cause, "digest", digest);
    }
  }

  /**
   * The store's metadata says how long the blob is; from any thread.
   *
   * @param size in bytes
   * @return whether a file of that digest is there
   */
  public boolean expect(Digest digest, long size) {
    Long before = held.get(digest);
    Fault fault = faults.get(digest);
    boolean known = before != null && before != size;
    boolean faulty = fault instanceof Fault.Length(long expected) && expected != size;
    if (known || faulty) {
      thread.execute(() -> correct(digest, size));
    }
    return before != null || fault != null;
  }

  private void correct(Digest digest, long size) {
    Long before = held.get(digest);
    if (before != null && before != size) {
      mismatch(digest, size, before);
    } else if (faults.get(digest) instanceof Fault.Length) {
      faults.put(digest, new Fault.Length(size));
      consider(digest);
    }
  }

  /** Lists a folder of {@link #folders} anew. */
  public void scan(Path folder) {
    Algorithm algorithm = algorithm(folder);
    Set<Digest> seen = new HashSet<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        digest(algorithm, entry.getFileName().toString())
            .ifPresent(
                digest -> {
                  seen.add(digest);
                  consider(digest);
                });
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      log.debug("folder went while it was listed", "folder", folder);
    } catch (IOException | DirectoryIteratorException e) {
      // What is known stays: an unreadable folder is no empty one, and find() looks at the file.
      log.warn("folder cannot be listed", e, "folder", folder, "mend", "let the agent read it");
      return;
    }
    forgetOthers(algorithm, seen);
  }

  /** An entry of that folder came, changed or went. */
  public void changed(Path folder, String name) {
    digest(algorithm(folder), name).ifPresent(this::consider);
  }

  /** The folder is gone, and its blobs with it. */
  public void missing(Path folder) {
    forgetOthers(algorithm(folder), Set.of());
  }

  /** Looks again at those that were not whole, as more is known of what whole is. */
  public void considerUnproven() {
    proofs.open().forEach(this::consider);
  }

  private void consider(Digest digest) {
    Optional<BasicFileAttributes> attributes = lookOrNothing(digest);
    if (attributes.isEmpty()) {
      forget(digest);
      return;
    }
    long actual = attributes.get().size();
    Fault fault = faults.get(digest);
    Long size = held.get(digest);
    if (fault != null && fault.persists(attributes.get())) {
      return;
    }
    if (size != null && size != actual) {
      mismatch(digest, size, actual);
    } else if (size == null
        // Once corrupt, only its bytes speak for it.
        && !(fault instanceof Fault.Corrupt)
        && wholeness.isWhole(digest, actual)) {
      hold(digest, actual);
    } else if (size == null) {
      proofs.claim(digest, attributes.get());
    }
  }

  private void mismatch(Digest digest, long expected, long actual) {
    log.warn(
        "blob has the wrong length, withdrawn",
        "digest",
        digest,
        "expected",
        expected,
        "actual",
        actual,
        "mend",
        "remove the images that use it and pull them again");
    withhold(digest, new Fault.Length(expected));
  }

  private void hold(Digest digest, long size) {
    faults.remove(digest);
    proofs.forget(digest);
    held.put(digest, size);
    changes.committed(digest);
  }

  private void withhold(Digest digest, Fault fault) {
    // Before it is no longer held: a find() in between must not take it for one just committed.
    faults.put(digest, fault);
    held.remove(digest);
    changes.deleted(digest);
  }

  private void forget(Digest digest) {
    faults.remove(digest);
    proofs.forget(digest);
    if (held.remove(digest) != null) {
      changes.deleted(digest);
    }
  }

  private void forgetOthers(Algorithm algorithm, Set<Digest> seen) {
    Set<Digest> known = new HashSet<>(held.keySet());
    known.addAll(faults.keySet());
    known.addAll(proofs.open());
    for (Digest digest : known) {
      if (digest.algorithm() == algorithm && !seen.contains(digest)) {
        forget(digest);
      }
    }
  }

  private Path file(Digest digest) {
    return root.resolve("blobs").resolve(digest.algorithm().id()).resolve(digest.hex());
  }

  /** The regular file of that digest; empty where there is none. */
  private Optional<BasicFileAttributes> look(Digest digest) throws IOException {
    try {
      BasicFileAttributes attributes =
          Files.readAttributes(file(digest), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return attributes.isRegularFile() ? Optional.of(attributes) : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private Optional<BasicFileAttributes> lookOrNothing(Digest digest) {
    try {
      return look(digest);
    } catch (IOException e) {
      log.warn("blob cannot be looked at", e, "digest", digest, "mend", "let the agent read it");
      return Optional.empty();
    }
  }

  private static Algorithm algorithm(Path folder) {
    return Algorithm.of(folder.getFileName().toString()).orElseThrow();
  }

  private static Optional<Digest> digest(Algorithm algorithm, String name) {
    return Digest.tryParse(algorithm.id() + ":" + name);
  }
}
