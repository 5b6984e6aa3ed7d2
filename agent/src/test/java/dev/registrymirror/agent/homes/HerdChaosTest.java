package dev.registrymirror.agent.homes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.oci.Digest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** Whatever happens to a herd: nobody waits beyond the bound, and all have the image in the end. */
class HerdChaosTest {

  private static final Settings SETTINGS = Settings.DEFAULTS;
  private static final long FLIGHT_WAIT = Deadlines.DEFAULTS.flightWait().toMillis();

  /** Of a chunk, from upstream, in milliseconds. */
  private static final int UPSTREAM = 50;

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  void nobodyIsStuck(@ForAll long seed) {
    // Given a herd on a network that loses, doubles and reorders, some of which fail upstream
    Random random = new Random(seed);
    Chaos chaos = new Chaos(random, seed);
    chaos.cluster.dropped = random.nextInt(100);
    chaos.cluster.duplicated = random.nextInt(100);
    chaos.cluster.maxDelay = 1 + random.nextInt(60);
    chaos.pull();

    // When nodes die, return, and are cut off from each other
    for (int step = 0; step < 30; step++) {
      chaos.harm(random.nextInt(8));
      chaos.cluster.run(random.nextInt(1_500));
    }
    chaos.heal();

    // Then
    chaos.assertAllHaveIt();
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  void eachFaultCostsAtMostOneDownload(@ForAll long seed) {
    // Given a herd on a network that only delays
    Random random = new Random(seed);
    Chaos chaos = new Chaos(random, seed);
    chaos.cluster.maxDelay = 1 + random.nextInt(20);
    chaos.pull();

    // When nodes die and return, or get nothing more from upstream
    for (int step = 0; step < 6; step++) {
      chaos.cluster.run(random.nextInt(6_000));
      chaos.harm(random.nextInt(4));
    }
    chaos.heal();

    // Then
    chaos.assertAllHaveIt();
    for (Digest layer : chaos.layers) {
      assertThat(chaos.herd.upstreams.get(layer))
          .describedAs("downloads of %s after %d faults, seed %d", layer, chaos.faults, seed)
          .isLessThanOrEqualTo(1 + chaos.faults);
    }
  }

  private static final class Chaos {
    private final Random random;
    private final long seed;
    private final Simulation cluster;
    private final Herd herd;
    private final List<Digest> layers;
    private final int chunks;
    private final Map<Herd.Download, Long> inCircle = new HashMap<>();
    private int faults;

    Chaos(Random random, long seed) {
      this.random = random;
      this.seed = seed;
      cluster = Simulation.of(3 + random.nextInt(30), SETTINGS, seed);
      cluster.run(2_000);
      herd = new Herd(cluster, UPSTREAM, 1 + random.nextInt(4));
      herd.hop = random.nextInt(30);
      chunks = 2 + random.nextInt(100);
      layers = LongStream.range(0, 1 + random.nextInt(3)).mapToObj(Simulation::digest).toList();
    }

    /** At once, or one after the other. */
    void pull() {
      int spread = random.nextBoolean() ? 1 : 1 + random.nextInt(5_000);
      for (Herd.Machine machine : herd.machines()) {
        if (random.nextInt(10) == 0) {
          machine.answers = Herd.Upstream.values()[random.nextInt(3)];
          faults++;
        }
        cluster.schedule(
            cluster.now() + random.nextInt(spread),
            () -> {
              if (machine.node.isUp()) {
                layers.forEach(layer -> machine.pull(layer, chunks));
              }
            });
      }
      cluster.run(1);
    }

    void harm(int how) {
      Herd.Machine machine = herd.machine(random.nextInt(herd.machines().size()));
      switch (how) {
        case 0, 1 -> {
          if (machine.node.isUp()) {
            machine.kill();
            faults++;
          }
        }
        case 2 -> {
          if (!machine.node.isUp()) {
            start(machine);
          }
        }
        case 3 -> {
          // Of an uplink so slow that it is none, or ten times as slow as others'.
          if (!isStalled(machine)) {
            machine.uplink = new Herd.Link(random.nextBoolean() ? 1_000_000 : 10 * UPSTREAM);
            faults++;
          }
        }
        case 4, 5 -> cluster.partition(random);
        default -> cluster.cut = (_, _) -> false;
      }
    }

    private void start(Herd.Machine machine) {
      machine.start();
      layers.forEach(layer -> machine.pull(layer, chunks));
    }

    void heal() {
      cluster.dropped = 0;
      cluster.duplicated = 0;
      cluster.maxDelay = 2;
      cluster.cut = (_, _) -> false;
      for (Herd.Machine machine : herd.machines()) {
        machine.answers = Herd.Upstream.WELL;
        if (!machine.node.isUp()) {
          start(machine);
        }
      }
    }

    void assertAllHaveIt() {
      // Each may be the last of all to go upstream, after one that did not answer.
      long bound = 200_000 + (long) layers.size() * herd.machines().size() * chunks * UPSTREAM;
      long begin = cluster.now();
      while (cluster.now() - begin < bound && !layers.stream().allMatch(herd::isOver)) {
        cluster.run(500);
        assertNoLastingCircle();
      }
      for (Digest layer : layers) {
        assertThat(herd.machines().stream().filter(each -> !each.has(layer) && !isStalled(each)))
            .describedAs("nodes without %s, seed %d", layer, seed)
            .isEmpty();
      }
      assertThat(herd.longestWait)
          .describedAs("longest wait, seed %d", seed)
          .isLessThanOrEqualTo(FLIGHT_WAIT + 1);
    }

    /**
     * Homes that know of different followers may lead bytes in a circle, each unaware of the
     * other's part. Starved, it breaks up by itself.
     */
    private void assertNoLastingCircle() {
      for (Herd.Machine machine : herd.machines()) {
        for (Herd.Download each : machine.downloads.values()) {
          if (each.depth() >= 0) {
            inCircle.remove(each);
          } else {
            long since = inCircle.computeIfAbsent(each, _ -> cluster.now());
            assertThat(cluster.now() - since)
                .describedAs("circle at %s, seed %d", machine.node.peer, seed)
                .isLessThanOrEqualTo(FLIGHT_WAIT);
          }
        }
      }
    }

    /** It went upstream by itself, and gets nothing from there: no mirror could help it. */
    private static boolean isStalled(Herd.Machine machine) {
      return machine.uplink.millis() > 10 * UPSTREAM;
    }
  }
}
