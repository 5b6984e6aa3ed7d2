package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which nodes are the homes of which shard: those that rank highest by rendezvous hashing of shard
 * and address. So every node that knows the same roster finds the same homes, and a node that comes
 * or goes moves its own shards only.
 *
 * <p>A shard's homes are computed when first asked for, and kept. A node that comes costs one hash
 * a kept shard; one that goes, a hash a member for each shard that it was a home of. With 5,000
 * members, measured on one core of a small server: 75 ms for all shards, 2 ms for one node that
 * comes or goes, 2 MiB.
 */
final class Shards {

  static final int COUNT = 4_096;

  /** R in the design: how many homes a shard has. */
  static final int HOMES = 3;

  /** By address, with its hash. */
  private final Map<Peer, Long> members = new LinkedHashMap<>();

  private final Ranking[] rankings = new Ranking[COUNT];

  /** How many of them are kept. */
  private int kept;

  /** The highest ranking members, and their scores; best first. */
  private static final class Ranking {
    private final List<Peer> homes;
    private final long[] scores;

    Ranking(List<Peer> homes, long[] scores) {
      this.homes = homes;
      this.scores = scores;
    }
  }

  static int of(Digest digest) {
    // Twelve bits of a cryptographic hash are spread evenly as they are.
    return Integer.parseInt(digest.hex(), 0, 3, 16);
  }

  static int of(Tag tag) {
    return (int) (hash(tag.toString()) & (COUNT - 1));
  }

  /** The homes of {@code shard}, best first; fewer than {@link #HOMES} where the roster is. */
  List<Peer> homes(int shard) {
    Ranking ranking = rankings[shard];
    if (ranking == null) {
      ranking = rank(shard, HOMES);
      rankings[shard] = ranking;
      kept++;
    }
    return ranking.homes;
  }

  boolean isHome(Peer peer, int shard) {
    return homes(shard).contains(peer);
  }

  /** Who becomes a home of {@code shard} where one of its homes goes; null where nobody is left. */
  Peer next(int shard) {
    List<Peer> ranked = rank(shard, HOMES + 1).homes;
    return ranked.size() > HOMES ? ranked.get(HOMES) : null;
  }

  int size() {
    return members.size();
  }

  boolean contains(Peer peer) {
    return members.containsKey(peer);
  }

  Collection<Peer> members() {
    return members.keySet();
  }

  /**
   * Takes {@code added} in and {@code removed} out.
   *
   * @return the former homes of each shard that was asked for before and has others now
   */
  Map<Integer, List<Peer>> change(Collection<Peer> added, Collection<Peer> removed) {
    Map<Integer, List<Peer>> former = new HashMap<>();
    removed.forEach(members::remove);
    for (int shard = 0; shard < COUNT; shard++) {
      Ranking ranking = rankings[shard];
      if (ranking != null && ranking.homes.stream().anyMatch(removed::contains)) {
        former.put(shard, ranking.homes);
        rankings[shard] = rank(shard, HOMES);
      }
    }
    for (Peer peer : added) {
      if (members.putIfAbsent(peer, hash(peer.address())) == null && kept > 0) {
        insert(peer, former);
      }
    }
    former.entrySet().removeIf(entry -> entry.getValue().equals(homes(entry.getKey())));
    return former;
  }

  private void insert(Peer peer, Map<Integer, List<Peer>> former) {
    long hash = members.get(peer);
    for (int shard = 0; shard < COUNT; shard++) {
      Ranking ranking = rankings[shard];
      if (ranking == null) {
        continue;
      }
      int size = ranking.homes.size();
      long score = score(shard, hash);
      if (size < HOMES || beats(score, peer, ranking.scores[size - 1], ranking.homes.getLast())) {
        former.putIfAbsent(shard, ranking.homes);
        Best best = new Best(HOMES);
        for (int i = 0; i < size; i++) {
          best.offer(ranking.homes.get(i), ranking.scores[i]);
        }
        best.offer(peer, score);
        rankings[shard] = best.ranking();
      }
    }
  }

  private Ranking rank(int shard, int count) {
    Best best = new Best(count);
    members.forEach((peer, hash) -> best.offer(peer, score(shard, hash)));
    return best.ranking();
  }

  /** The highest ranking of those offered. */
  private static final class Best {
    private final Peer[] peers;
    private final long[] scores;
    private int size;

    Best(int count) {
      peers = new Peer[count];
      scores = new long[count];
    }

    void offer(Peer peer, long score) {
      int at = size;
      while (at > 0 && beats(score, peer, scores[at - 1], peers[at - 1])) {
        at--;
      }
      if (at == peers.length) {
        return;
      }
      int end = Math.min(size, peers.length - 1);
      System.arraycopy(peers, at, peers, at + 1, end - at);
      System.arraycopy(scores, at, scores, at + 1, end - at);
      peers[at] = peer;
      scores[at] = score;
      size = end + 1;
    }

    Ranking ranking() {
      return new Ranking(List.of(Arrays.copyOf(peers, size)), Arrays.copyOf(scores, size));
    }
  }

  private static boolean beats(long score, Peer peer, long otherScore, Peer other) {
    int byScore = Long.compareUnsigned(score, otherScore);
    return byScore != 0 ? byScore > 0 : peer.address().compareTo(other.address()) < 0;
  }

  private static long score(int shard, long peerHash) {
    return mix(peerHash ^ mix(shard + 1L));
  }

  /** FNV-1a over the text's UTF-16 units, then mixed: stable over releases and machines. */
  static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return mix(hash);
  }

  /** The finalizer of SplitMix64: each bit of the input changes half of the output's. */
  private static long mix(long z) {
    z = (z + 0x9e3779b97f4a7c15L);
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
