package dev.registrymirror.agent.homes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HomesTest {

  private static final Settings SETTINGS = Settings.DEFAULTS;
  private static final long SEED = 42;
  private static final Digest DIGEST = Simulation.digest(1);
  private static final Tag TAG = Simulation.tag(1);

  @Test
  void findsWithinABatchAndForgetsAtOnce() {
    // Given
    Simulation cluster = started(10);
    Simulation.Node holder = cluster.node(0);

    // When
    holder.hold(DIGEST);
    cluster.run(SETTINGS.times().batch() + 5);

    // Then
    assertThat(found(cluster, cluster.node(5))).containsExactly(holder.peer);

    // When
    holder.drop(DIGEST);
    cluster.run(5);

    // Then
    assertThat(found(cluster, cluster.node(5))).isEmpty();
  }

  @Test
  void aNodeAloneAnswersAtOnce() {
    Simulation cluster = started(1);
    cluster.node(0).hold(DIGEST);
    cluster.node(0).tag(TAG, DIGEST);

    assertThat(cluster.node(0).find(DIGEST).only()).isEmpty();
    assertThat(cluster.node(0).findTag(TAG).only()).extracting(TagRecord::digest).contains(DIGEST);
  }

  @Test
  void anAgentWithoutARosterAnswersAtOnce() {
    Simulation cluster = new Simulation(SETTINGS, SEED);
    cluster.add("a").start();

    assertThat(cluster.node(0).find(DIGEST).only()).isEmpty();
  }

  @Test
  void asksTheNextHomeWhereOneIsSilent() {
    // Given a digest whose first two homes, whichever they are, swallow everything
    Simulation cluster = started(10);
    cluster.node(0).hold(DIGEST);
    cluster.run(1_000);
    Simulation.Node asker = stranger(cluster);
    List<Peer> homes = homes(cluster);
    for (Peer silent : homes) {
      cluster.cut = (from, to) -> from.equals(silent) || to.equals(silent);

      // When
      Simulation.Answer<Peer> answer = asker.find(DIGEST);
      cluster.run(2 * SETTINGS.times().lookup());

      // Then
      assertThat(answer.only()).containsExactly(cluster.node(0).peer);
      assertThat(answer.answered - answer.asked)
          .isLessThanOrEqualTo(SETTINGS.times().lookup() + 10);
    }
  }

  @Test
  void answersNobodyInTimeWhereAllHomesAreSilentAndThenAtOnce() {
    // Given
    Simulation cluster = started(10);
    cluster.node(0).hold(DIGEST);
    cluster.run(1_000);
    Simulation.Node asker = stranger(cluster);
    List<Peer> homes = homes(cluster);
    cluster.cut = (from, to) -> homes.contains(from) || homes.contains(to);

    // When
    Simulation.Answer<Peer> first = asker.find(DIGEST);
    cluster.run(2 * SETTINGS.times().lookup());
    Simulation.Answer<Peer> second = asker.find(DIGEST);
    cluster.run(2 * SETTINGS.times().lookup());

    // Then each ended, and two breakers are open
    assertThat(first.only()).isEmpty();
    assertThat(first.answered - first.asked).isEqualTo(2 * SETTINGS.times().lookup());
    assertThat(second.only()).isEmpty();
    assertThat(second.answered - second.asked).isLessThanOrEqualTo(SETTINGS.times().lookup());
    assertThat(asker.homes.stats().openBreakers()).isGreaterThanOrEqualTo(2);

    // When they are back
    cluster.cut = (_, _) -> false;
    cluster.run(SETTINGS.times().maxRetry());

    // Then
    assertThat(found(cluster, asker)).containsExactly(cluster.node(0).peer);
  }

  @Test
  void prefersTheSameZoneAndSpreadsTheLoad() {
    // Given 60 holders, a third in each zone
    Simulation cluster = started(61);
    cluster.nodes.values().stream().limit(60).forEach(node -> node.hold(DIGEST));
    cluster.run(1_000);
    Simulation.Node asker = cluster.node(60);
    Map<Peer, Integer> first = new HashMap<>();

    // When
    for (int i = 0; i < 200; i++) {
      List<Peer> answer = found(cluster, asker);
      assertThat(answer).hasSize(SETTINGS.limits().answer());
      assertThat(answer).extracting(Peer::zone).containsOnly(asker.peer.zone());
      first.merge(answer.getFirst(), 1, Integer::sum);
    }

    // Then all 20 of the zone are handed out, none much more than its share of 10
    assertThat(first).hasSize(20);
    assertThat(first.values()).allMatch(count -> count <= 20);
  }

  @Test
  void leavesOutWhoFailed() {
    Simulation cluster = started(12);
    IntStream.range(0, 4).forEach(i -> cluster.node(i).hold(DIGEST));
    cluster.run(1_000);
    Simulation.Node asker = stranger(cluster);
    Simulation.Node other =
        cluster.up().stream()
            .filter(n -> n != asker && !n.held.contains(DIGEST) && !homes(cluster).contains(n.peer))
            .findFirst()
            .orElseThrow();

    // When
    asker.homes.failed(DIGEST, cluster.node(0).peer, Failure.NOT_HELD);
    asker.homes.failed(DIGEST, cluster.node(1).peer, Failure.CORRUPT);
    asker.homes.failed(DIGEST, cluster.node(2).peer, Failure.STALLED);
    cluster.run(10);

    // Then also another asker hears of it, and the one that stalled comes last
    for (Simulation.Node each : List.of(asker, other)) {
      assertThat(found(cluster, each)).containsExactly(cluster.node(3).peer, cluster.node(2).peer);
    }

    // When the moment is over: the corrupt one stays out
    cluster.run(Demotions.DEMOTED);
    assertThat(found(cluster, other))
        .contains(cluster.node(0).peer)
        .doesNotContain(cluster.node(1).peer);

    // When it pulled the digest anew
    cluster.node(1).drop(DIGEST);
    cluster.run(100);
    cluster.node(1).hold(DIGEST);
    cluster.run(1_000);
    assertThat(found(cluster, other)).contains(cluster.node(1).peer);
  }

  @Test
  void leavesOutAnUnreachableProviderUntilItIsReached() {
    Simulation cluster = started(12);
    cluster.node(0).hold(DIGEST);
    cluster.run(1_000);
    Simulation.Node asker = stranger(cluster);
    assertThat(found(cluster, asker)).hasSize(1);

    asker.homes.failed(DIGEST, cluster.node(0).peer, Failure.UNREACHABLE);
    assertThat(found(cluster, asker)).isEmpty();

    asker.homes.reachable(cluster.node(0).peer);
    assertThat(found(cluster, asker)).hasSize(1);
  }

  @Test
  void keepsNoMoreProvidersThanItsBoundAndTheirZonesInProportion() {
    // Given more holders than places, one zone late
    Simulation cluster = new Simulation(SETTINGS, SEED);
    for (int i = 0; i < 300; i++) {
      cluster.add(i < 280 ? "many" : "few");
    }
    cluster.nodes.values().forEach(node -> node.roster = cluster.nodes.keySet());
    cluster.nodes.values().forEach(Simulation.Node::start);
    cluster.run(10_000);
    cluster.nodes.values().stream().limit(280).forEach(node -> node.hold(DIGEST));
    cluster.run(1_000);
    cluster.nodes.values().stream().skip(280).limit(15).forEach(node -> node.hold(DIGEST));
    cluster.run(1_000);

    // Then
    for (Peer home : homes(cluster)) {
      assertThat(cluster.nodes.get(home).homes.stats().homeHoldings())
          .isEqualTo(SETTINGS.limits().providers());
    }
    assertThat(found(cluster, cluster.node(299))).extracting(Peer::zone).containsOnly("few");

    // When most of those that are kept delete it
    cluster.nodes.values().stream().limit(200).forEach(node -> node.drop(DIGEST));
    cluster.nodes.values().stream().skip(280).forEach(node -> node.drop(DIGEST));
    cluster.run(2 * SETTINGS.times().round(300));

    // Then those that had no place are known
    for (Peer home : homes(cluster)) {
      assertThat(cluster.nodes.get(home).homes.stats().homeHoldings()).isEqualTo(80);
    }
  }

  @Test
  void aRestartedHomeKnowsAgainWithinSeconds() {
    // Given
    Simulation cluster = started(20);
    hold(cluster, 500);
    cluster.run(150_000);
    long before = holdings(cluster);

    // When all three homes of a digest restart, with nothing in their tables
    Set<Peer> homes = new HashSet<>(homes(cluster));
    homes.forEach(home -> cluster.nodes.get(home).kill());
    homes.forEach(home -> cluster.nodes.get(home).start());

    // Then
    long healed = cluster.runUntil(all -> holdings(all) == before, 5_000);
    assertThat(healed).isLessThan(3_000);
  }

  @Test
  void aNodeThatLeavesHandsOverAndProvidesNothing() {
    // Given a cluster where only one home of a digest is up, and its heir
    Simulation cluster = started(20);
    cluster.node(0).hold(DIGEST);
    cluster.node(1).hold(DIGEST);
    cluster.node(0).tag(TAG, DIGEST);
    cluster.run(1_000);
    List<Peer> homes = homes(cluster);
    Shards shards = new Shards();
    shards.change(cluster.nodes.keySet(), Set.of());
    Peer heir = shards.next(Shards.of(DIGEST));
    int before = cluster.nodes.get(heir).homes.stats().homeDigests();
    Simulation.Node leaving = cluster.nodes.get(homes.getFirst());

    // When
    leaving.stop();
    cluster.run(2 * SETTINGS.times().request());

    // Then
    assertThat(leaving.isUp()).isFalse();
    assertThat(cluster.nodes.get(heir).homes.stats().homeDigests()).isEqualTo(before + 1);

    // When the others' rosters change before the providers' do
    List<Peer> rest =
        cluster.nodes.keySet().stream().filter(peer -> !homes.contains(peer)).toList();
    Simulation.Node asker = stranger(cluster);
    asker.roster(rest);
    cluster.run(SETTINGS.times().removalDebounce() + 10);

    // Then the heir is asked, and knows
    assertThat(found(cluster, asker)).isNotEmpty();

    // When a provider leaves
    cluster.node(1).stop();
    cluster.run(10);
    assertThat(found(cluster, cluster.node(15))).doesNotContain(cluster.node(1).peer);
  }

  @Test
  void aGapInTheRosterLosesNothing() {
    // Given
    Simulation cluster = started(10);
    hold(cluster, 100);
    cluster.run(150_000);
    long before = holdings(cluster);
    long resyncs = resyncs(cluster);

    // When half the nodes are missing for less than the debounce
    List<Peer> half = cluster.nodes.keySet().stream().limit(5).toList();
    cluster.nodes.values().forEach(node -> node.roster(half));
    cluster.run(SETTINGS.times().removalDebounce() - 1_000);
    cluster.nodes.values().forEach(node -> node.roster(cluster.nodes.keySet()));
    cluster.run(1_000);

    // Then
    assertThat(holdings(cluster)).isEqualTo(before);
    assertThat(resyncs(cluster) - resyncs).isLessThanOrEqualTo(50);
    assertThat(cluster.node(0).homes.stats().rosterNodes()).isEqualTo(10);
  }

  @Test
  void aMemberIsRemovedAfterTheDebounce() {
    // Given
    Simulation cluster = started(10);
    Simulation.Node node = cluster.node(0);

    // When one leaves the roster
    node.roster(cluster.nodes.keySet().stream().limit(9).toList());

    // Then
    cluster.run(SETTINGS.times().removalDebounce() - 1);
    assertThat(node.homes.stats().rosterNodes()).isEqualTo(10);
    cluster.run(1);
    assertThat(node.homes.stats().rosterNodes()).isEqualTo(9);
  }

  @Test
  void aYoungHomesNobodyIsDoubted() {
    // Given a home that restarted, and hears nothing of the providers
    Simulation cluster = started(10);
    cluster.node(0).hold(DIGEST);
    cluster.run(1_000);
    Simulation.Node asker = stranger(cluster);
    List<Peer> homes = homes(cluster);
    Simulation.Node restarted = cluster.nodes.get(homes.getFirst());
    restarted.kill();
    cluster.cut =
        (from, to) ->
            from.equals(restarted.peer) != to.equals(restarted.peer)
                && !from.equals(asker.peer)
                && !to.equals(asker.peer);
    restarted.start();

    // Then whichever home is asked first, another that knows is asked next
    for (int i = 0; i < 20; i++) {
      assertThat(found(cluster, asker)).containsExactly(cluster.node(0).peer);
    }
  }

  @Test
  void aSlowHomeDoesNotHoldUpTheEnd() {
    // Given homes that answer only after the bound, each asked in turn
    Simulation cluster = started(10);
    Simulation.Node asker = stranger(cluster);
    cluster.maxDelay = 400;
    for (int i = 0; i < 50; i++) {
      // When
      Simulation.Answer<Peer> answer = asker.find(DIGEST);
      cluster.run(2 * SETTINGS.times().lookup());

      // Then
      answer.only();
      cluster.run(SETTINGS.times().maxRetry());
    }
  }

  @Test
  void aNodeOutsideTheRosterReadsAndAnnounces() {
    // Given a node that knows the roster and is not in it
    Simulation cluster = started(10);
    Simulation.Node joining = cluster.add("zone0");
    joining.roster(List.copyOf(cluster.nodes.keySet()).subList(0, 10));
    joining.start();
    cluster.node(0).hold(DIGEST);
    joining.hold(Simulation.digest(2));

    // When
    cluster.run(1_000);

    // Then, also long after
    for (int i = 0; i < 2; i++) {
      assertThat(found(cluster, joining)).containsExactly(cluster.node(0).peer);
      Simulation.Answer<Peer> answer = cluster.node(5).find(Simulation.digest(2));
      cluster.run(200);
      assertThat(answer.only()).containsExactly(joining.peer);
      cluster.run(2 * SETTINGS.times().silence());
    }
  }

  @Test
  void theNewestTagComesFirst() {
    Simulation cluster = started(10);
    cluster.node(0).tag(TAG, Simulation.digest(1));
    cluster.run(1_000);
    cluster.node(1).tag(TAG, Simulation.digest(2));
    cluster.run(1_000);
    cluster.node(2).tag(TAG, Simulation.digest(1));
    cluster.run(1_000);

    Simulation.Answer<TagRecord> answer = cluster.node(7).findTag(TAG);
    cluster.run(200);
    assertThat(answer.only())
        .extracting(TagRecord::digest)
        .containsExactly(Simulation.digest(1), Simulation.digest(2));
    assertThat(answer.only().getFirst().peer()).isEqualTo(cluster.node(2).peer);
    // The time that messages take is the error.
    assertThat(cluster.now() - answer.only().getFirst().seenMillis()).isBetween(1_000L, 1_210L);
  }

  @Test
  void neitherTableNorAnswersGrowBeyondTheirBounds() {
    // Given a home with little room
    Settings.Limits all = SETTINGS.limits();
    Settings.Limits little =
        new Settings.Limits(
            all.requests(), 50, 20, 80, 30, all.providers(), 4, all.answer(), 16, all.lookups(), 2);
    Simulation cluster = new Simulation(new Settings(SETTINGS.times(), little), SEED);
    Simulation.Node home = cluster.add("a");
    home.roster = Set.of(home.peer);
    home.start();

    // When a hundred nodes announce a hundred digests and tags each
    for (int node = 0; node < 100; node++) {
      Peer peer = new Peer("10.9.0." + node, 1, "a");
      List<Digest> digests = new ArrayList<>();
      List<Message.HeldTag> tags = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        digests.add(Simulation.digest(i));
        tags.add(new Message.HeldTag(Simulation.tag(i), DIGEST, node));
      }
      home.homes.receive(
          peer, new Message.Announce(1, 0, 1, true, true, digests, List.of(), tags, List.of()));

      // Then
      Stats stats = home.homes.stats();
      assertThat(stats.homeDigests()).isLessThanOrEqualTo(50);
      assertThat(stats.homeTags()).isLessThanOrEqualTo(20);
      assertThat(stats.homeHoldings()).isLessThanOrEqualTo(80);
      assertThat(stats.homeProviders()).isLessThanOrEqualTo(30);
    }
    assertThat(home.homes.stats().droppedDigests()).isPositive();
  }

  @Test
  void aLargeHoldingIsSentInBoundedMessages() {
    // Given
    Simulation cluster = started(3);
    for (int i = 0; i < 10_000; i++) {
      cluster.node(0).hold(Simulation.digest(i));
    }

    // When
    cluster.run(5_000);

    // Then
    cluster
        .nodes
        .values()
        .forEach(node -> assertThat(node.homes.stats().homeDigests()).isEqualTo(10_000));
    assertThat(cluster.largestAnnouncement).isLessThanOrEqualTo(Message.MAX_ENTRIES);
  }

  @Test
  void aProviderWhoseClockWentBackIsUnderstood() {
    // Given a home that knows a later run of a provider
    Simulation cluster = started(3);
    cluster.node(0).hold(DIGEST);
    cluster.run(1_000);
    for (Simulation.Node home : cluster.up()) {
      home.homes.receive(
          cluster.node(0).peer,
          new Message.Announce(
              Long.MAX_VALUE / 2, 0, 1, true, true, List.of(), List.of(), List.of(), List.of()));
    }
    assertThat(found(cluster, cluster.node(1))).isEmpty();

    // When it checks the next time, then it is believed again
    cluster.run(2 * SETTINGS.times().checkPeriod());
    assertThat(found(cluster, cluster.node(1))).containsExactly(cluster.node(0).peer);
  }

  @Test
  void tellsANewerReleaseWhatItDoesNotKnow() {
    Simulation cluster = started(2);

    assertThat(cluster.node(0).homes.receive(cluster.node(1).peer, new Message.Unknown()))
        .isInstanceOf(Message.Unsupported.class);
  }

  @Test
  void aThousandNodes() {
    // Given a thousand nodes with ten digests each of their own and twenty of all
    Settings settings = new Settings(greetingSlowly(), SETTINGS.limits());
    Simulation cluster = Simulation.of(1_000, settings, SEED);
    int i = 0;
    for (Simulation.Node node : cluster.up()) {
      for (int own = 0; own < 10; own++) {
        node.hold(Simulation.digest(1_000 + i++));
      }
      for (int common = 0; common < 20; common++) {
        node.hold(Simulation.digest(common));
      }
    }

    // When
    cluster.run(5_000);

    // Then everything is found from everywhere
    for (int n = 0; n < 500; n++) {
      long number = cluster.random.nextInt(10_000);
      Simulation.Node holder = cluster.node((int) (number / 10));
      Simulation.Node asker = cluster.any();
      Simulation.Answer<Peer> answer = asker.find(Simulation.digest(1_000 + number));
      Simulation.Answer<Peer> common = asker.find(Simulation.digest(number % 20));
      cluster.run(200);
      assertThat(answer.only()).isEqualTo(holder == asker ? List.of() : List.of(holder.peer));
      assertThat(common.only()).hasSize(SETTINGS.limits().answer());
    }
  }

  /** A million greetings would be most of what is simulated. */
  private static Settings.Times greetingSlowly() {
    Settings.Times times = SETTINGS.times();
    return new Settings.Times(
        times.lookup(),
        times.place(),
        times.quiet(),
        times.request(),
        times.batch(),
        times.checkPeriod(),
        times.pace(),
        1_000,
        times.fullEvery(),
        times.removalDebounce(),
        times.linger(),
        times.silence(),
        times.young(),
        times.minRetry(),
        times.maxRetry());
  }

  private static Simulation started(int size) {
    Simulation cluster = Simulation.of(size, SETTINGS, SEED);
    cluster.run(2_000);
    return cluster;
  }

  private static List<Peer> found(Simulation cluster, Simulation.Node asker) {
    Simulation.Answer<Peer> answer = asker.find(DIGEST);
    cluster.run(2 * SETTINGS.times().lookup());
    return answer.only();
  }

  private static List<Peer> homes(Simulation cluster) {
    Shards shards = new Shards();
    shards.change(cluster.nodes.keySet(), Set.of());
    return shards.homes(Shards.of(DIGEST));
  }

  /** A node that is no home of the digest and does not hold it. */
  private static Simulation.Node stranger(Simulation cluster) {
    List<Peer> homes = homes(cluster);
    return cluster.up().reversed().stream()
        .filter(node -> !homes.contains(node.peer) && !node.held.contains(DIGEST))
        .findFirst()
        .orElseThrow();
  }

  private static void hold(Simulation cluster, int digests) {
    for (int i = 0; i < digests; i++) {
      cluster.any().hold(Simulation.digest(i));
    }
  }

  private static long holdings(Simulation cluster) {
    return cluster.up().stream().mapToLong(node -> node.homes.stats().homeHoldings()).sum();
  }

  private static long resyncs(Simulation cluster) {
    return cluster.up().stream().mapToLong(node -> node.homes.stats().resyncs()).sum();
  }
}
