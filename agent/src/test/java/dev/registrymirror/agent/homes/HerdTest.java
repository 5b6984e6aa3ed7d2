package dev.registrymirror.agent.homes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Digest;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What one fault costs a herd. */
class HerdTest {

  private static final Settings SETTINGS = Settings.DEFAULTS;
  private static final Digest DIGEST = Simulation.digest(1);
  private static final int NODES = 40;
  private static final int CHUNKS = 100;

  enum Fault {
    NONE,
    LEADER_KILLED,
    LEADER_CUT_OFF,
    LEADER_RESTARTED,
    LEADER_STALLED,
    LEADERS_FOLLOWER_KILLED,
    HOMES_RESTARTED
  }

  private static void happen(Fault fault, Herd herd, Herd.Machine leader) {
    Peer cutOff = leader.node.peer;
    switch (fault) {
      case NONE -> {}
      case LEADER_KILLED -> leader.kill();
      case LEADER_CUT_OFF ->
          herd.cluster.cut = (from, to) -> from.equals(cutOff) || to.equals(cutOff);
      case LEADER_RESTARTED -> restart(leader);
      case LEADER_STALLED -> leader.uplink = new Herd.Link(1_000_000);
      case LEADERS_FOLLOWER_KILLED ->
          herd.machines().stream()
              .filter(each -> each.downloads.get(DIGEST).parent() != null)
              .filter(each -> each.downloads.get(DIGEST).parent().machine == leader)
              .findFirst()
              .orElseThrow()
              .kill();
      case HOMES_RESTARTED -> homes(herd).forEach(home -> restart(herd.machines.get(home)));
    }
  }

  private static void restart(Herd.Machine machine) {
    machine.kill();
    machine.start();
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void costsAtMostOneDownload(Fault fault) {
    for (int seed = 1; seed <= 20; seed++) {
      // Given a herd whose download takes 10 s, half-way
      Simulation cluster = Simulation.of(NODES, SETTINGS, seed);
      cluster.run(2_000);
      Herd herd = new Herd(cluster, 100, 1);
      herd.machines().forEach(each -> each.pull(DIGEST, CHUNKS));
      cluster.run(5_000);
      Herd.Machine leader =
          herd.machines().stream()
              .filter(each -> each.downloads.get(DIGEST).leads)
              .findFirst()
              .orElseThrow();

      // When
      happen(fault, herd, leader);
      cluster.run(60_000);

      // Then
      assertThat(herd.upstreams.get(DIGEST))
          .describedAs("downloads, seed %d", seed)
          .isLessThanOrEqualTo(fault == Fault.NONE ? 1 : 2);
      assertThat(
              herd.machines().stream()
                  .filter(each -> each.node.isUp() && each != leader && !each.has(DIGEST))
                  .toList())
          .describedAs("nodes without it, seed %d", seed)
          .isEmpty();
      assertThat(herd.failedPulls).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Herd.Upstream.class,
      names = {"REFUSED", "BLACK_HOLED"})
  void anUpstreamThatFailsTheLeaderCostsNoDownload(Herd.Upstream upstream) {
    for (int seed = 1; seed <= 20; seed++) {
      // Given
      Simulation cluster = Simulation.of(NODES, SETTINGS, seed);
      cluster.run(2_000);
      Herd herd = new Herd(cluster, 100, 1);
      Herd.Machine leader = herd.machine(3);
      leader.answers = upstream;
      leader.pull(DIGEST, CHUNKS);
      cluster.run(20);

      // When
      herd.machines().stream()
          .filter(each -> each != leader)
          .forEach(each -> each.pull(DIGEST, CHUNKS));
      cluster.run(60_000);

      // Then
      assertThat(herd.upstreams.get(DIGEST)).describedAs("downloads, seed %d", seed).isEqualTo(1);
      assertThat(herd.isOver(DIGEST)).describedAs("over, seed %d", seed).isTrue();
      assertThat(herd.failedPulls).isZero();
    }
  }

  private static List<Peer> homes(Herd herd) {
    Shards shards = new Shards();
    shards.change(herd.cluster.nodes.keySet(), Set.of());
    return shards.homes(Shards.of(DIGEST));
  }
}
