package dev.registrymirror.agent.store;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * What this node holds: blobs, and the tags that its images have. Read-only; a peer's bytes are
 * never stored.
 *
 * <p>All methods may be called from any thread, return without waiting for another process, and
 * never throw because containerd is away: what is on the disk is served all the same.
 */
public interface BlobStore extends AutoCloseable {

  /**
   * Begins to watch and tells {@code listener} of everything that is held already, then of every
   * change within 250 ms. Returns at once; a store that is not there yet is waited for. Called
   * once.
   */
  void start(Listener listener);

  /**
   * The committed blob of that digest, or empty. A blob whose file is not as long as the store's
   * metadata says is not held. Costs one {@code stat}.
   *
   * @throws IOException where the file is there and cannot be looked at
   */
  Optional<Blob> find(Digest digest) throws IOException;

  /**
   * The download of that digest which is under way here, the liveliest where there are several; or
   * empty.
   */
  Optional<Download> download(Digest digest);

  /**
   * The media type of the manifest or index of that digest: what it says itself ({@code mediaType},
   * at most {@link #MAX_MANIFEST_BYTES} are read), else what a descriptor in the store says of it,
   * else what its shape tells. Empty where it is not held or is no manifest. Reads the file, the
   * first time.
   *
   * @throws IOException where the file is there and cannot be read
   */
  Optional<String> manifestType(Digest digest) throws IOException;

  /** What that tag points to on this node. */
  Optional<Digest> resolve(Tag tag);

  /**
   * Hashes the blob anew in the background, because a peer found it corrupt. Where it does not
   * match its digest it is withdrawn, and not found again until its file changes. At most {@link
   * #MAX_VERIFICATIONS} wait; more are dropped.
   */
  void verify(Digest digest);

  /** Whether the store can be read, for readiness and status. */
  Health health();

  /** The containerd behind it, as far as it has said. */
  Setup setup();

  @Override
  void close();

  /** Larger manifests are refused: containerd reads no more than 8 MiB of one. */
  int MAX_MANIFEST_BYTES = 8 << 20;

  /** Blobs that wait for {@link #verify}. */
  int MAX_VERIFICATIONS = 64;

  /** Told of changes, one at a time, from a thread of the store's. Must not block. */
  interface Listener {
    /** {@code digest} is held and may be advertised. */
    void committed(Digest digest);

    /** {@code digest} is no longer held. */
    void deleted(Digest digest);

    /**
     * An image of this node has that tag; said again when it was seen again.
     *
     * @param seen when the store was last told so, by this node's clock: with containerd the last
     *     pull, whether or not it brought anything new
     */
    void tagged(Tag tag, Digest digest, Instant seen);

    /** No image of this node has that tag any longer. */
    void untagged(Tag tag);

    /** The download of that digest has begun, grown or ended; from a thread of its own. */
    void downloading(Digest digest);

    /** A blob or an image of this registry was seen: one call a registry. */
    void registry(String registry);

    /** Whether this node's containerd has asked the agent for that blob, now that it came. */
    boolean isAsked(Digest digest);

    /**
     * A pull that began while the store was watched has brought an image that was not asked for:
     * said once an image, within 4 s.
     *
     * @param registries where containerd says that it comes from; one, as a rule
     */
    void unasked(Set<String> registries);
  }

  /**
   * How the store is.
   *
   * @param reachable whether everything is watched: containerd answers and its folder is there
   * @param detail what is wrong and its mend, empty where nothing is
   */
  record Health(boolean reachable, String detail) {}
}
