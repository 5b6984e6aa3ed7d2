package dev.registrymirror.agent.store;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** A listener that remembers, and on which a test waits. Fails where calls overlap. */
public final class Recorder implements BlobStore.Listener {

  private final Set<Digest> held = new HashSet<>();
  private final Map<Tag, Digest> tags = new HashMap<>();
  private final Map<Tag, Instant> seenAt = new HashMap<>();
  private final List<String> registries = new ArrayList<>();
  private final Set<Digest> asked = new HashSet<>();
  private final List<Set<String>> unasked = new ArrayList<>();
  private final Set<Thread> threads = new HashSet<>();
  private int deletions;

  @Override
  public synchronized void committed(Digest digest) {
    held.add(digest);
    heard();
  }

  @Override
  public synchronized void deleted(Digest digest) {
    held.remove(digest);
    deletions++;
    heard();
  }

  @Override
  public synchronized void tagged(Tag tag, Digest digest, Instant seen) {
    tags.put(tag, digest);
    seenAt.put(tag, seen);
    heard();
  }

  @Override
  public synchronized void untagged(Tag tag) {
    tags.remove(tag);
    heard();
  }

  /** From a thread of its own, as the listener's contract says. */
  @Override
  public void downloading(Digest digest) {}

  @Override
  public synchronized void registry(String registry) {
    registries.add(registry);
    heard();
  }

  @Override
  public synchronized boolean isAsked(Digest digest) {
    return asked.contains(digest);
  }

  @Override
  public synchronized void unasked(Set<String> registries) {
    unasked.add(registries);
    heard();
  }

  /** From now on, the digest counts as asked for. */
  public synchronized void ask(Digest digest) {
    asked.add(digest);
  }

  /** The registries of the images that were not asked for, in the order in which they came. */
  public synchronized List<Set<String>> unasked() {
    return List.copyOf(unasked);
  }

  private void heard() {
    threads.add(Thread.currentThread());
    notifyAll();
  }

  public synchronized boolean holds(Digest digest) {
    return held.contains(digest);
  }

  public synchronized Set<Digest> held() {
    return Set.copyOf(held);
  }

  public synchronized Map<Tag, Digest> tags() {
    return Map.copyOf(tags);
  }

  /** When the tag was seen, as told last. */
  public synchronized Instant seen(Tag tag) {
    return seenAt.get(tag);
  }

  public synchronized List<String> registries() {
    return List.copyOf(registries);
  }

  public synchronized int deletions() {
    return deletions;
  }

  public synchronized Set<Thread> threads() {
    return Set.copyOf(threads);
  }

  /** Waits until {@code condition} holds, looking at each call. */
  public synchronized void await(String what, Duration bound, BooleanSupplier condition) {
    long deadline = System.nanoTime() + bound.toNanos();
    while (!condition.getAsBoolean()) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new AssertionError("within " + bound.toMillis() + " ms, not: " + what);
      }
      try {
        wait(Math.min(left, 10));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted while waiting for: " + what, e);
      }
    }
  }
}
