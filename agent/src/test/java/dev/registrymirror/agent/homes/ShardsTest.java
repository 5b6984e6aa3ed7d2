package dev.registrymirror.agent.homes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class ShardsTest {

  @Property(tries = 10)
  void changesComeToTheSameAsBeginningAnew(@ForAll long seed) {
    // Given
    Random random = new Random(seed);
    Shards shards = new Shards();
    Set<Peer> members = new HashSet<>();
    for (int step = 0; step < 10; step++) {
      Map<Integer, List<Peer>> before = all(shards);

      // When
      Set<Peer> added = peers(random, random.nextInt(4));
      Set<Peer> removed = peers(random, random.nextInt(4));
      removed.removeAll(added);
      added.removeAll(members);
      members.addAll(added);
      members.removeAll(removed);
      Map<Integer, List<Peer>> former = shards.change(added, removed);

      // Then
      Shards anew = new Shards();
      anew.change(members, Set.of());
      Map<Integer, List<Peer>> now = all(anew);
      assertThat(all(shards)).isEqualTo(now);
      before.entrySet().removeIf(entry -> entry.getValue().equals(now.get(entry.getKey())));
      assertThat(former).isEqualTo(before);
    }
  }

  @Test
  void everyNodeIsAHomeOfItsShare() {
    // Given
    Shards shards = new Shards();
    List<Peer> members = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      members.add(new Peer("10.0.0." + i, 29998, ""));
    }
    shards.change(members, Set.of());

    // When
    Map<Peer, Integer> shares = new HashMap<>();
    all(shards)
        .values()
        .forEach(homes -> homes.forEach(home -> shares.merge(home, 1, Integer::sum)));

    // Then each has about 4,096 x 3 / 100 = 123; five standard deviations are 55
    assertThat(shares).hasSize(100);
    assertThat(shares.values()).allMatch(share -> share > 68 && share < 178);
  }

  private static Set<Peer> peers(Random random, int count) {
    Set<Peer> peers = new HashSet<>();
    for (int i = 0; i < count; i++) {
      peers.add(new Peer("10.0.0." + random.nextInt(12), 29998, ""));
    }
    return peers;
  }

  private static Map<Integer, List<Peer>> all(Shards shards) {
    Map<Integer, List<Peer>> all = new HashMap<>();
    for (int shard = 0; shard < Shards.COUNT; shard++) {
      all.put(shard, shards.homes(shard));
    }
    return all;
  }
}
