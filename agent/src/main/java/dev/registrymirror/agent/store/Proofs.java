package dev.registrymirror.agent.store;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.Hasher.Outcome;
import dev.registrymirror.agent.telemetry.Log;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Files that bear a digest and may not be whole yet, as a tool is still writing them: they count
 * once their bytes have that digest.
 *
 * <p>inotify's "closed after writing" is not to be had from the JDK. So a small file is hashed at
 * every change, and a larger one once it has been quiet; each of them is looked at again from time
 * to time. As many are remembered as there are such files.
 */
final class Proofs {

  private static final Log log = Log.of("store");

  /** Up to this size a file is hashed at once. */
  static final long SMALL_BYTES = 1 << 20;

  /** A larger file is hashed when it did not change for this long. */
  static final Duration QUIET = Duration.ofMillis(100);

  /** A file that does not have its digest is looked at again, and hashed if it changed. */
  static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

  /** What tells a changed file. */
  private record State(long size, FileTime modified, Object inode) {
    State(BasicFileAttributes attributes) {
      this(attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
    }
  }

  private static final class Claim {
    /** As last seen. */
    State state;

    /** As last hashed, and found not to match. */
    State refuted;

    /** Only the look planned last counts; those planned before are void. */
    int plan;

    boolean soon;
    boolean hashing;
  }

  private final StoreThread thread;
  private final Hasher hasher;
  private final Function<Digest, Path> file;
  private final Function<Digest, Optional<BasicFileAttributes>> look;
  private final BiConsumer<Digest, Long> proven;
  private final Map<Digest, Claim> claims = new HashMap<>();

  /**
   * @param look what the file of a digest is like now
   * @param proven told of the digest and its size
   */
  Proofs(
      StoreThread thread,
      Hasher hasher,
      Function<Digest, Path> file,
      Function<Digest, Optional<BasicFileAttributes>> look,
      BiConsumer<Digest, Long> proven) {
    this.thread = thread;
    this.hasher = hasher;
    this.file = file;
    this.look = look;
    this.proven = proven;
  }

  /** The file was seen, or changed. */
  void claim(Digest digest, BasicFileAttributes attributes) {
    Claim claim = claims.computeIfAbsent(digest, ignored -> new Claim());
    State now = new State(attributes);
    if (now.equals(claim.state)) {
      return;
    }
    claim.state = now;
    if (!claim.hashing && !claim.soon) {
      plan(digest, claim, now.size() <= SMALL_BYTES ? Duration.ZERO : QUIET);
    }
  }

  /** The file is gone, or known to be whole. */
  void forget(Digest digest) {
    claims.remove(digest);
  }

  /** Those not proven yet. */
  Set<Digest> open() {
    return new HashSet<>(claims.keySet());
  }

  private void plan(Digest digest, Claim claim, Duration delay) {
    int plan = ++claim.plan;
    claim.soon = delay.compareTo(QUIET) <= 0;
    thread.after(
        delay,
        () -> {
          if (claims.get(digest) == claim && claim.plan == plan) {
            claim.soon = false;
            lookAt(digest, claim);
          }
        });
  }

  private void lookAt(Digest digest, Claim claim) {
    Optional<BasicFileAttributes> attributes = look.apply(digest);
    if (attributes.isEmpty()) {
      claims.remove(digest);
      return;
    }
    State now = new State(attributes.get());
    if (now.equals(claim.refuted)) {
      plan(digest, claim, LOOK_AGAIN);
    } else if (now.equals(claim.state) || now.size() <= SMALL_BYTES) {
      claim.state = now;
      claim.hashing = true;
      hasher.hash(digest, file.apply(digest), outcome -> hashed(digest, claim, now, outcome));
    } else {
      claim.state = now;
      plan(digest, claim, QUIET);
    }
  }

  private void hashed(Digest digest, Claim claim, State hashed, Outcome outcome) {
    claim.hashing = false;
    if (claims.get(digest) != claim) {
      return;
    }
    if (outcome instanceof Outcome.Match(long size)) {
      claims.remove(digest);
      // What was hashed, not what was seen before it: the file may have grown meanwhile.
      proven.accept(digest, size);
      return;
    }
    log.debug("file is not whole yet", "digest", digest, "size", hashed.size());
    claim.refuted = hashed;
    plan(digest, claim, hashed.equals(claim.state) ? LOOK_AGAIN : QUIET);
  }
}
