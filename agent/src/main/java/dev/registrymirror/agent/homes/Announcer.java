package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Tells the homes what this node holds, until they have confirmed it, and checks from time to time
 * that they still know.
 *
 * <p>To each home goes one announcement at a time, numbered. A home that confirmed number 7 and is
 * sent the changes since 7 knows everything; one that knows less asks for everything, and one that
 * restarted shows it by its incarnation. Numbers rather than sums over the digests, because a home
 * may rightly know less than it was told: it keeps no more than so many providers of a digest.
 */
final class Announcer {

  private final Settings settings;
  private final Peer self;
  private final Timers timers;
  private final Wire wire;
  private final Breakers breakers;
  private final Shards shards;
  private final Table table;
  private final Random random;

  /** In the order of advertising, so that a simulation follows from its seed. */
  private final Set<Digest> digests = new LinkedHashSet<>();

  private final Map<Tag, OwnTag> tags = new LinkedHashMap<>();

  /** How many of them are in each shard. */
  private final int[] held = new int[Shards.COUNT];

  private final Map<Peer, Link> links = new HashMap<>();
  private final Deque<Link> waiting = new ArrayDeque<>();
  private int underWay;
  private long incarnation;
  private long sequence;
  private long resyncs;
  private boolean stopped;

  private record OwnTag(Digest digest, long seen) {}

  Announcer(
      Settings settings,
      Peer self,
      Timers timers,
      Wire wire,
      Breakers breakers,
      Shards shards,
      Table table,
      Random random,
      long incarnation) {
    this.settings = settings;
    this.self = self;
    this.timers = timers;
    this.wire = wire;
    this.breakers = breakers;
    this.shards = shards;
    this.table = table;
    this.random = random;
    this.incarnation = incarnation;
  }

  void advertise(Digest digest) {
    if (digests.add(digest)) {
      int shard = Shards.of(digest);
      held[shard]++;
      for (Peer home : shards.homes(shard)) {
        Link link = link(home);
        link.changes.add(digest);
        changed(link, settings.times().batch());
      }
    }
  }

  void withdraw(Digest digest) {
    if (digests.remove(digest)) {
      int shard = Shards.of(digest);
      held[shard]--;
      for (Peer home : shards.homes(shard)) {
        Link link = link(home);
        link.changes.add(digest);
        changed(link, 0);
      }
    }
  }

  void advertise(Tag tag, Digest digest, long seen) {
    OwnTag now = new OwnTag(digest, seen);
    OwnTag before = tags.put(tag, now);
    if (now.equals(before)) {
      return;
    }
    int shard = Shards.of(tag);
    if (before == null) {
      held[shard]++;
    }
    for (Peer home : shards.homes(shard)) {
      Link link = link(home);
      link.changes.add(tag);
      changed(link, settings.times().batch());
    }
  }

  void withdraw(Tag tag) {
    if (tags.remove(tag) != null) {
      int shard = Shards.of(tag);
      held[shard]--;
      for (Peer home : shards.homes(shard)) {
        Link link = link(home);
        link.changes.add(tag);
        changed(link, 0);
      }
    }
  }

  /** What this node itself has for {@code tag}; null: nothing. */
  TagRecord own(Tag tag) {
    OwnTag own = tags.get(tag);
    return own == null ? null : new TagRecord(own.digest, own.seen, self);
  }

  /** The shards of {@code former} have other homes now than these. */
  void moved(Map<Integer, List<Peer>> former) {
    links.keySet().removeIf(home -> !shards.contains(home));
    Set<Peer> gained = new HashSet<>();
    Set<Peer> lost = new HashSet<>();
    former.forEach(
        (shard, before) -> {
          if (held[shard] > 0) {
            List<Peer> now = shards.homes(shard);
            now.stream().filter(home -> !before.contains(home)).forEach(gained::add);
            before.stream().filter(home -> !now.contains(home)).forEach(lost::add);
          }
        });
    for (Peer home : gained) {
      Link link = link(home);
      link.full = true;
      changed(link, settings.times().batch() + spread());
    }
    for (Peer home : lost) {
      Link link = links.get(home);
      if (link != null) {
        timers.in(settings.times().linger(), () -> sendEverything(link));
      }
    }
  }

  /** {@code home} has started and says so. */
  void greeted(Peer home, long homeIncarnation) {
    Link link = links.get(home);
    if (link != null && link.homeIncarnation != homeIncarnation) {
      link.homeIncarnation = homeIncarnation;
      link.failures = 0;
      sendEverything(link);
    }
  }

  /** Announces no more. */
  void stop() {
    stopped = true;
  }

  /** Those that were told something. */
  List<Peer> homes() {
    return List.copyOf(links.keySet());
  }

  long incarnation() {
    return incarnation;
  }

  int digests() {
    return digests.size();
  }

  int tags() {
    return tags.size();
  }

  int pending() {
    return links.values().stream()
        .mapToInt(link -> link.changes.size() + (link.underWay == null ? 0 : link.underWay.size()))
        .sum();
  }

  long resyncs() {
    return resyncs;
  }

  private Link link(Peer home) {
    return links.computeIfAbsent(home, Link::new);
  }

  private void sendEverything(Link link) {
    link.full = true;
    changed(link, 0);
  }

  /** There is something to send: in {@code millis}, or when a failed home is tried again. */
  private void changed(Link link, long millis) {
    if (link.failures == 0) {
      schedule(link, millis);
    }
  }

  private void schedule(Link link, long millis) {
    if (link.underWay != null || link.waiting || links.get(link.home) != link) {
      // What is under way schedules what follows it.
      return;
    }
    long at = timers.millis() + millis;
    if (link.next != null && link.next.pending()) {
      if (link.next.at() <= at) {
        return;
      }
      link.next.cancel();
    }
    link.next = timers.at(at, () -> due(link));
  }

  private void due(Link link) {
    if (underWay >= settings.limits().requests()) {
      link.waiting = true;
      waiting.add(link);
    } else {
      send(link);
    }
  }

  private void send(Link link) {
    if (stopped || links.get(link.home) != link) {
      return;
    }
    boolean check = link.changes.isEmpty() && !link.full;
    if (check && (++link.checks >= settings.times().fullEvery() || !holdsAnythingFor(link.home))) {
      link.full = true;
    }
    if (link.full) {
      link.full = false;
      link.reset = true;
      link.checks = 0;
      link.changes = everythingFor(link.home);
      resyncs++;
    }
    link.underWay = link.changes.take(settings.limits());
    underWay++;
    Message.Announce message = announcement(link);
    if (link.home.equals(self)) {
      Table.Applied applied = table.announce(self, message);
      answered(
          link,
          message,
          new Message.Announced(
              incarnation, applied.provider(), applied.sequence(), applied.resync()));
      return;
    }
    wire.ask(
        link.home,
        message,
        settings.times().request(),
        reply -> answered(link, message, reply),
        () -> failed(link));
  }

  private Message.Announce announcement(Link link) {
    List<Digest> heldDigests = new ArrayList<>();
    List<Digest> withdrawn = new ArrayList<>();
    for (Digest digest : link.underWay.digests()) {
      (digests.contains(digest) ? heldDigests : withdrawn).add(digest);
    }
    List<Message.HeldTag> heldTags = new ArrayList<>();
    List<Tag> withdrawnTags = new ArrayList<>();
    for (Tag tag : link.underWay.tags()) {
      OwnTag own = tags.get(tag);
      if (own == null) {
        withdrawnTags.add(tag);
      } else {
        heldTags.add(new Message.HeldTag(tag, own.digest, age(own)));
      }
    }
    return new Message.Announce(
        incarnation,
        link.confirmed,
        ++sequence,
        link.reset,
        link.changes.isEmpty(),
        heldDigests,
        withdrawn,
        heldTags,
        withdrawnTags);
  }

  private void answered(Link link, Message.Announce message, Message.Reply reply) {
    if (!(reply instanceof Message.Announced announced)) {
      failed(link);
      return;
    }
    ended(link);
    link.failures = 0;
    if (announced.provider() > incarnation) {
      // This node's clock went back between two of its runs.
      incarnation = announced.provider() + 1;
    }
    boolean restarted =
        link.homeIncarnation != 0 && link.homeIncarnation != announced.incarnation();
    link.homeIncarnation = announced.incarnation();
    boolean applied = !announced.resync() && announced.sequence() >= message.sequence();
    if (applied) {
      link.confirmed = message.sequence();
      link.reset = false;
    }
    boolean knows = applied && (message.reset() || !restarted);
    link.full |= !knows;
    if (!knows && message.reset()) {
      // It was just sent everything, and has no room or another fault: no use in haste.
      schedule(link, jittered(settings.times().checkPeriod()));
    } else if (link.full || !link.changes.isEmpty()) {
      schedule(link, 0);
    } else if (message.reset() && !holdsAnythingFor(link.home)) {
      links.remove(link.home);
    } else {
      schedule(link, jittered(settings.times().round(links.size())));
    }
    sendWaiting();
  }

  private void failed(Link link) {
    Link.Changes lost = link.underWay;
    ended(link);
    link.changes.addAll(lost);
    if (link.changes.size() > settings.limits().entries()) {
      // Everything takes no more room than that and needs no list until it is sent.
      link.changes = new Link.Changes();
      link.full = true;
    }
    schedule(link, jittered(breakers.retryAfter(link.failures)));
    link.failures++;
    sendWaiting();
  }

  private void ended(Link link) {
    link.underWay = null;
    underWay--;
  }

  private void sendWaiting() {
    while (underWay < settings.limits().requests() && !waiting.isEmpty()) {
      Link link = waiting.poll();
      link.waiting = false;
      send(link);
    }
  }

  private Link.Changes everythingFor(Peer home) {
    Link.Changes everything = new Link.Changes();
    for (Digest digest : digests) {
      if (shards.isHome(home, Shards.of(digest))) {
        everything.add(digest);
      }
    }
    for (Tag tag : tags.keySet()) {
      if (shards.isHome(home, Shards.of(tag))) {
        everything.add(tag);
      }
    }
    return everything;
  }

  private boolean holdsAnythingFor(Peer home) {
    for (int shard = 0; shard < Shards.COUNT; shard++) {
      if (held[shard] > 0 && shards.isHome(home, shard)) {
        return true;
      }
    }
    return false;
  }

  /** A time to come, by a caller's mistake, is now. */
  private long age(OwnTag own) {
    return Math.clamp(timers.millis() - own.seen, 0, Message.MAX_AGE_MILLIS);
  }

  /** Between three and five quarters: so that nodes that began together do not go on together. */
  private long jittered(long millis) {
    return millis * 3 / 4 + random.nextLong(millis / 2 + 1);
  }

  /** Over how long all nodes turn to a home that all of them have just learned of. */
  private long spread() {
    return random.nextLong(shards.size() + 1L);
  }
}
