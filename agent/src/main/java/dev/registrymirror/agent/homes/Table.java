package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What this node knows as a home: who holds which digest, and what tags point to on which node. It
 * keeps what it is told, whoever it takes for the homes: nodes that have read another roster know
 * better.
 */
final class Table {

  private final Timers timers;
  private final Settings.Limits limits;
  private final long hearsayMillis;
  private final Demotions demotions;

  private final Map<Peer, Provider> providers = new HashMap<>();

  /**
   * Providers of which another home told when it stopped: apart from what they say themselves, and
   * not for long.
   */
  private final Map<Peer, Provider> hearsay = new HashMap<>();

  /** Least recently asked for or announced first. */
  private final Map<Digest, List<Provider>> digests = new LinkedHashMap<>(16, 0.75f, true);

  /** As {@link #digests}; a tag's records are newest first. */
  private final Map<Tag, List<TagOnNode>> tags = new LinkedHashMap<>(16, 0.75f, true);

  private int holdings;
  private long handedOut;
  private long roomMade;
  private long dropped;

  /** What a tag points to on a node, seen at that time of this node's clock. */
  private record TagOnNode(Provider provider, Digest digest, long seen) {}

  /** What an announcement led to. */
  record Applied(long provider, long sequence, boolean resync) {}

  Table(Timers timers, Settings settings, Demotions demotions) {
    this.timers = timers;
    this.limits = settings.limits();
    this.hearsayMillis = settings.times().linger();
    this.demotions = demotions;
  }

  Applied announce(Peer from, Message.Announce message) {
    Provider provider = provider(from);
    provider.heard = timers.millis();
    if (!from.zone().isEmpty()) {
      provider.peer = from;
    }
    if (message.incarnation() > provider.incarnation && message.reset()) {
      provider.incarnation = message.incarnation();
      provider.sequence = 0;
      provider.left = false;
    }
    if (message.incarnation() != provider.incarnation) {
      return new Applied(provider.incarnation, provider.sequence, true);
    }
    boolean stale = provider.left || message.sequence() <= provider.sequence;
    if (stale) {
      // A duplicate, or overtaken by a later one that carried its changes too.
      return new Applied(provider.incarnation, provider.sequence, false);
    }
    if (message.reset()) {
      provider.leftovers = everythingOf(provider);
      provider.leftOutAt = -1;
    } else if (message.base() > provider.sequence) {
      return new Applied(provider.incarnation, provider.sequence, true);
    }
    provider.sequence = message.sequence();
    provider.confirmBy = Long.MAX_VALUE;
    apply(provider, message);
    boolean resync = provider.leftOutAt >= 0 && provider.leftOutAt < roomMade && hasRoom();
    return new Applied(provider.incarnation, provider.sequence, resync);
  }

  private void apply(Provider provider, Message.Announce message) {
    Provider.Leftovers leftovers = provider.leftovers;
    Provider heard = hearsay.get(provider.peer);
    for (Digest digest : message.withdrawn()) {
      demotions.withdrawn(digest, provider.peer);
      remove(digest, provider);
      remove(digest, heard);
    }
    for (Tag tag : message.withdrawnTags()) {
      remove(tag, provider);
      remove(tag, heard);
    }
    for (Digest digest : message.held()) {
      if (leftovers != null) {
        leftovers.digests().remove(digest);
      }
      remove(digest, heard);
      demotions.announced(digest, provider.peer);
      add(digest, provider);
    }
    for (Message.HeldTag held : message.heldTags()) {
      if (leftovers != null) {
        leftovers.tags().remove(held.tag());
      }
      remove(held.tag(), heard);
      add(held.tag(), new TagOnNode(provider, held.digest(), seen(held.ageMillis())));
    }
    if (message.complete() && leftovers != null) {
      leftovers.digests().forEach(digest -> remove(digest, provider));
      leftovers.tags().forEach(tag -> remove(tag, provider));
      provider.leftovers = null;
    }
    if (message.complete() && message.reset()) {
      forgetHearsay(provider.peer);
    }
  }

  /** {@code provider} has restarted; what it held before counts until {@code confirmBy}. */
  void restarted(Peer provider, long incarnation, long confirmBy) {
    Provider known = providers.get(provider);
    if (known != null && incarnation > known.incarnation) {
      known.confirmBy = Math.min(known.confirmBy, confirmBy);
    }
  }

  void left(Peer peer, long incarnation) {
    Provider provider = providers.get(peer);
    if (provider != null && incarnation >= provider.incarnation) {
      forgetHearsay(peer);
      forgetHoldings(provider);
      provider.incarnation = incarnation;
      provider.left = true;
    }
  }

  /**
   * Forgets providers that were not heard of for too long.
   *
   * @param member whether a peer is in the roster
   * @param silence in milliseconds, for members
   * @param silenceOutside in milliseconds, for others
   */
  void expire(Predicate<Peer> member, long silence, long silenceOutside) {
    long now = timers.millis();
    for (Provider provider : List.copyOf(providers.values())) {
      long bound = member.test(provider.peer) ? silence : silenceOutside;
      if (now - provider.heard > bound) {
        forgetHoldings(provider);
        providers.remove(provider.peer);
      } else if (provider.confirmBy <= now) {
        forgetHoldings(provider);
      }
    }
    for (Provider provider : List.copyOf(hearsay.values())) {
      if (now - provider.heard > hearsayMillis) {
        forgetHearsay(provider.peer);
      }
    }
  }

  /** Those who hold {@code digest}, as {@link Homes#find} orders them for {@code asker}. */
  List<Peer> find(Digest digest, Peer asker) {
    long now = timers.millis();
    List<Candidate> candidates = new ArrayList<>();
    for (Provider provider : digests.getOrDefault(digest, List.of())) {
      Peer peer = provider.peer;
      if (!peer.equals(asker) && !demotions.isLeftOut(digest, peer)) {
        boolean last = now < provider.unreachableUntil || demotions.isLast(digest, peer);
        boolean near = !peer.zone().isEmpty() && peer.zone().equals(asker.zone());
        candidates.add(new Candidate(provider, last, near));
      }
    }
    if (candidates.isEmpty()) {
      return List.of();
    }
    candidates.sort(Candidate.ORDER);
    candidates.getFirst().provider.handedOut = ++handedOut;
    return candidates.stream().limit(limits.answer()).map(each -> each.provider.peer).toList();
  }

  private record Candidate(Provider provider, boolean last, boolean near) {
    static final Comparator<Candidate> ORDER =
        Comparator.comparing(Candidate::last)
            .thenComparing(each -> !each.near)
            .thenComparingLong(each -> each.provider.handedOut);
  }

  /** What {@code tag} points to, newest first, each digest once. */
  List<TagRecord> find(Tag tag) {
    List<TagRecord> found = new ArrayList<>();
    for (TagOnNode each : tags.getOrDefault(tag, List.of())) {
      boolean known = found.stream().anyMatch(other -> other.digest().equals(each.digest));
      if (!known && found.size() < limits.answer()) {
        found.add(new TagRecord(each.digest, each.seen, each.provider.peer));
      }
    }
    return found;
  }

  /** The same as it is said to others. */
  List<Message.SeenTag> seen(Tag tag) {
    long now = timers.millis();
    return find(tag).stream()
        .map(each -> new Message.SeenTag(each.digest(), now - each.seenMillis(), each.peer()))
        .toList();
  }

  void report(Digest digest, Peer peer, Failure failure) {
    Provider provider = providers.get(peer);
    if (provider == null) {
      return;
    }
    if (failure == Failure.UNREACHABLE) {
      provider.unreachableUntil = timers.millis() + Demotions.DEMOTED;
    } else {
      demotions.add(digest, peer, failure);
    }
  }

  /**
   * What another home knew, when it stopped. What providers say themselves stands above it.
   *
   * @param self never a provider by hearsay, as little as {@code from}
   */
  void handedOver(Peer self, Peer from, Message.HandOver message) {
    for (Message.Holding holding : message.holdings()) {
      for (Peer peer : holding.providers()) {
        Provider told = providers.get(peer);
        boolean known =
            told != null && digests.getOrDefault(holding.digest(), List.of()).contains(told);
        if (!known && !peer.equals(self) && !peer.equals(from) && !hasLeft(told)) {
          add(holding.digest(), hearsay(peer));
        }
      }
    }
    for (Message.TagHolding holding : message.tagHoldings()) {
      for (Message.SeenTag each : holding.seen()) {
        Provider told = providers.get(each.peer());
        boolean known =
            tags.getOrDefault(holding.tag(), List.of()).stream()
                .anyMatch(other -> other.provider == told);
        if (!known && !each.peer().equals(self) && !each.peer().equals(from) && !hasLeft(told)) {
          Provider heard = hearsay(each.peer());
          add(holding.tag(), new TagOnNode(heard, each.digest(), seen(each.ageMillis())));
        }
      }
    }
  }

  private static boolean hasLeft(Provider provider) {
    return provider != null && provider.left;
  }

  private Provider hearsay(Peer peer) {
    Provider provider = in(hearsay, peer);
    provider.heard = timers.millis();
    return provider;
  }

  /** Everything in the table but what {@code self} provides. */
  void forEach(Peer self, DigestVisitor digestVisitor, TagVisitor tagVisitor) {
    digests.forEach(
        (digest, holders) ->
            digestVisitor.visit(
                digest,
                holders.stream()
                    .map(provider -> provider.peer)
                    .filter(peer -> !peer.equals(self))
                    .toList()));
    long now = timers.millis();
    tags.forEach(
        (tag, records) ->
            tagVisitor.visit(
                tag,
                records.stream()
                    .filter(each -> !each.provider.peer.equals(self))
                    .map(
                        each ->
                            new Message.SeenTag(each.digest, now - each.seen, each.provider.peer))
                    .toList()));
  }

  interface DigestVisitor {
    void visit(Digest digest, List<Peer> providers);
  }

  interface TagVisitor {
    void visit(Tag tag, List<Message.SeenTag> seen);
  }

  int digests() {
    return digests.size();
  }

  int tags() {
    return tags.size();
  }

  int holdings() {
    return holdings;
  }

  int providers() {
    return providers.size();
  }

  long dropped() {
    return dropped;
  }

  private Provider provider(Peer peer) {
    return in(providers, peer);
  }

  /** The provider in {@code known}, which is kept within its bound. */
  private Provider in(Map<Peer, Provider> known, Peer peer) {
    Provider provider = known.get(peer);
    if (provider == null) {
      if (known.size() >= limits.peers()) {
        Provider longestSilent =
            known.values().stream().min(Comparator.comparingLong(each -> each.heard)).orElseThrow();
        forgetHoldings(longestSilent);
        known.remove(longestSilent.peer);
      }
      provider = new Provider(peer, timers.millis());
      known.put(peer, provider);
    }
    return provider;
  }

  private void add(Digest digest, Provider provider) {
    List<Provider> holders = digests.computeIfAbsent(digest, _ -> new ArrayList<>(2));
    if (holders.contains(provider)) {
      return;
    }
    if (holders.size() >= limits.providers() && !makePlace(digest, holders, provider)) {
      provider.leftOutAt = roomMade;
      return;
    }
    holders.add(provider);
    provider.holdings++;
    holdings++;
    while (digests.size() > limits.digests() || holdings > limits.holdings()) {
      dropEldest();
    }
  }

  /**
   * Makes place for a newcomer among the most that a digest may have: of one that failed, or of one
   * of the zone that has the most, where the newcomer's has fewer. So each zone keeps its share,
   * and the places do not go round for ever.
   */
  private boolean makePlace(Digest digest, List<Provider> holders, Provider newcomer) {
    Provider giving = null;
    Map<String, Integer> zones = new HashMap<>();
    for (Provider each : holders) {
      zones.merge(each.peer.zone(), 1, Integer::sum);
      if (demotions.isLast(digest, each.peer)) {
        giving = each;
      }
    }
    if (giving == null) {
      String fullest =
          zones.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
      if (zones.getOrDefault(newcomer.peer.zone(), 0) + 1 >= zones.get(fullest)) {
        return false;
      }
      giving =
          holders.stream()
              .filter(each -> each.peer.zone().equals(fullest))
              .max(Comparator.comparingLong(each -> each.handedOut))
              .orElseThrow();
    }
    holders.remove(giving);
    giving.holdings--;
    giving.leftOutAt = roomMade;
    holdings--;
    return true;
  }

  private void add(Tag tag, TagOnNode onNode) {
    remove(tag, onNode.provider, false);
    List<TagOnNode> records = tags.computeIfAbsent(tag, _ -> new ArrayList<>(2));
    int at = 0;
    while (at < records.size() && records.get(at).seen >= onNode.seen) {
      at++;
    }
    if (at >= limits.tagRecords()) {
      onNode.provider.leftOutAt = roomMade;
      return;
    }
    records.add(at, onNode);
    onNode.provider.holdings++;
    if (records.size() > limits.tagRecords()) {
      Provider oldest = records.removeLast().provider;
      oldest.holdings--;
      oldest.leftOutAt = roomMade;
    }
    if (tags.size() > limits.tags()) {
      Iterator<List<TagOnNode>> eldest = tags.values().iterator();
      for (TagOnNode each : eldest.next()) {
        each.provider.holdings--;
        each.provider.leftOutAt = roomMade;
      }
      eldest.remove();
      dropped++;
    }
  }

  private void dropEldest() {
    Iterator<List<Provider>> eldest = digests.values().iterator();
    List<Provider> holders = eldest.next();
    eldest.remove();
    for (Provider each : holders) {
      each.holdings--;
      each.leftOutAt = roomMade;
    }
    holdings -= holders.size();
    dropped++;
  }

  private void remove(Digest digest, Provider provider) {
    List<Provider> holders = digests.get(digest);
    if (holders == null || !holders.remove(provider)) {
      return;
    }
    provider.holdings--;
    holdings--;
    roomMade++;
    if (holders.isEmpty()) {
      digests.remove(digest);
    }
  }

  /** Null for the provider removes nothing. */
  private void remove(Tag tag, Provider provider) {
    remove(tag, provider, true);
  }

  private void remove(Tag tag, Provider provider, boolean forGood) {
    List<TagOnNode> records = tags.get(tag);
    if (records == null || !records.removeIf(each -> each.provider == provider)) {
      return;
    }
    provider.holdings--;
    if (forGood) {
      roomMade++;
    }
    if (records.isEmpty()) {
      tags.remove(tag);
    }
  }

  private void forgetHearsay(Peer peer) {
    Provider heard = hearsay.remove(peer);
    if (heard != null) {
      forgetHoldings(heard);
    }
  }

  private void forgetHoldings(Provider provider) {
    Provider.Leftovers everything = everythingOf(provider);
    if (everything != null) {
      everything.digests().forEach(digest -> remove(digest, provider));
      everything.tags().forEach(tag -> remove(tag, provider));
    }
    provider.leftovers = null;
    provider.confirmBy = Long.MAX_VALUE;
  }

  /**
   * Null where nothing is kept of it; else a walk over the whole table, so not to be done often.
   */
  private Provider.Leftovers everythingOf(Provider provider) {
    if (provider.holdings == 0) {
      return null;
    }
    Provider.Leftovers found = new Provider.Leftovers(new LinkedHashSet<>(), new LinkedHashSet<>());
    digests.forEach(
        (digest, holders) -> {
          if (holders.contains(provider)) {
            found.digests().add(digest);
          }
        });
    tags.forEach(
        (tag, records) -> {
          if (records.stream().anyMatch(each -> each.provider == provider)) {
            found.tags().add(tag);
          }
        });
    return found;
  }

  /** Room for more than trifles: else the same would be dropped and sent again and again. */
  private boolean hasRoom() {
    return digests.size() <= limits.digests() * 9L / 10
        && tags.size() <= limits.tags() * 9L / 10
        && holdings <= limits.holdings() * 9L / 10;
  }

  /** When that was, on this node's clock; an age below zero is none. */
  private long seen(long ageMillis) {
    return timers.millis() - Math.clamp(ageMillis, 0, Message.MAX_AGE_MILLIS);
  }
}
