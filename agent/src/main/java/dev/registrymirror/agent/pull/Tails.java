package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.oci.Digest;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** The followers of this node's downloads. Any thread. */
final class Tails {

  /** At once; each holds an open file. A home gives a download few followers here. */
  static final int MAX = 512;

  private final Map<Digest, Set<Tail>> byDigest = new ConcurrentHashMap<>();
  private final AtomicInteger count = new AtomicInteger();

  /** Begins to answer; refuses beyond {@link #MAX}. */
  void start(Pull pull, Request request, TailAnswer answer) {
    if (count.incrementAndGet() > MAX) {
      count.decrementAndGet();
      answer.notFound();
      return;
    }
    Tail tail = new Tail(this, pull, request, answer);
    byDigest.compute(
        request.digest(),
        (_, tails) -> {
          Set<Tail> all = tails == null ? ConcurrentHashMap.newKeySet(2) : tails;
          all.add(tail);
          return all;
        });
    tail.look();
  }

  /** The download of the digest has begun, grown or ended. */
  void changed(Digest digest) {
    each(digest, Tail::look);
  }

  /** Nothing comes of the digest's download. */
  void giveUp(Digest digest) {
    each(digest, Tail::giveUp);
  }

  private void each(Digest digest, Consumer<Tail> action) {
    for (Tail tail : byDigest.getOrDefault(digest, Set.of())) {
      tail.request().loop().execute(() -> action.accept(tail));
    }
  }

  void remove(Tail tail) {
    byDigest.computeIfPresent(
        tail.request().digest(),
        (_, tails) -> {
          if (tails.remove(tail)) {
            count.decrementAndGet();
          }
          return tails.isEmpty() ? null : tails;
        });
  }

  int count() {
    return count.get();
  }
}
