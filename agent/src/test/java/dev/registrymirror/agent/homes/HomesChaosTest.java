package dev.registrymirror.agent.homes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** Whatever happened: once it is quiet, what is held is found, and what is not is not. */
class HomesChaosTest {

  private static final Settings SETTINGS = Settings.DEFAULTS;

  /**
   * A home that failed is tried again within {@code maxRetry}, and one that restarted unheard is
   * checked within a round; each with a quarter of jitter.
   */
  private static final long HEALED =
      5 * Math.max(SETTINGS.times().maxRetry(), SETTINGS.times().round(0)) / 4 + 5_000;

  /** A provider that came back unheard with less than before, and said nothing since. */
  private static final long FORGOTTEN = SETTINGS.times().silence() + SETTINGS.times().checkPeriod();

  @Property(tries = 200, shrinking = ShrinkingMode.OFF)
  void heals(@ForAll long seed) {
    // Given a cluster on a network that loses, doubles and reorders
    Random random = new Random(seed);
    Simulation cluster = Simulation.of(2 + random.nextInt(12), SETTINGS, seed);
    cluster.dropped = random.nextInt(200);
    cluster.duplicated = random.nextInt(200);
    cluster.maxDelay = 1 + random.nextInt(150);
    List<Simulation.Answer<?>> answers = new ArrayList<>();

    // When nodes pull, delete, restart, and are cut off from each other
    for (int step = 0; step < 150; step++) {
      act(cluster, random, answers);
      cluster.run(random.nextInt(2_000));
    }
    assertThat(answers).isNotEmpty();
    cluster.run(2 * SETTINGS.times().place());
    assertEachAnsweredInTime(answers);

    // and then all is quiet
    cluster.dropped = 0;
    cluster.duplicated = 0;
    cluster.maxDelay = 2;
    cluster.cut = (_, _) -> false;
    if (random.nextBoolean()) {
      cluster.down().forEach(Simulation.Node::start);
    } else {
      List<Peer> roster = cluster.up().stream().map(node -> node.peer).toList();
      cluster.nodes.values().forEach(node -> node.roster(roster));
      cluster.run(SETTINGS.times().removalDebounce());
    }

    // Then all that is held is found
    cluster.run(HEALED);
    assertFound(cluster, false);

    // and, when the last that nobody confirmed is forgotten, nothing else
    cluster.run(FORGOTTEN);
    assertFound(cluster, true);
  }

  private static void act(Simulation cluster, Random random, List<Simulation.Answer<?>> answers) {
    Simulation.Node node = cluster.any();
    Digest digest = Simulation.digest(random.nextInt(30));
    Tag tag = Simulation.tag(random.nextInt(6));
    switch (random.nextInt(14)) {
      case 0, 1, 2 -> node.hold(digest);
      case 3, 4 -> node.drop(digest);
      case 5 -> node.tag(tag, digest);
      case 6 -> node.untag(tag);
      case 7, 8, 9 -> {
        if (node.isUp()) {
          answers.add(node.find(digest));
          answers.add(node.findTag(tag));
        }
      }
      case 10 -> {
        if (node.isUp() && random.nextBoolean()) {
          node.kill();
        } else if (node.isUp()) {
          node.stop();
          cluster.run(2 * SETTINGS.times().request());
        }
      }
      case 11 -> {
        if (!node.isUp()) {
          node.start();
        }
      }
      case 12 -> cluster.partition(random);
      default -> cluster.cut = (_, _) -> false;
    }
  }

  static void assertEachAnsweredInTime(List<Simulation.Answer<?>> answers) {
    for (Simulation.Answer<?> answer : answers) {
      if (answer.asker.isUp() && answer.asker.run == answer.run) {
        assertThat(answer.answers).hasSize(1);
      }
      assertThat(answer.answers).hasSizeLessThanOrEqualTo(1);
      assertThat(answer.answered - answer.asked).isLessThanOrEqualTo(answer.within);
    }
  }

  /** From each node that is up: what others that are up hold, and {@code nothingElse}. */
  private static void assertFound(Simulation cluster, boolean nothingElse) {
    for (int i = 0; i < 30; i++) {
      Digest digest = Simulation.digest(i);
      for (Simulation.Node node : cluster.up()) {
        List<Peer> others =
            cluster.up().stream()
                .filter(each -> each != node && each.held.contains(digest))
                .map(each -> each.peer)
                .toList();
        Simulation.Answer<Peer> answer = node.find(digest);
        cluster.run(2 * SETTINGS.times().place());
        assertThat(answer.only())
            .describedAs("%s, held by %s, from %s", digest, others, node.peer)
            .doesNotHaveDuplicates()
            .doesNotContain(node.peer);
        if (nothingElse) {
          assertThat(answer.only())
              .describedAs("%s, held by %s, from %s", digest, others, node.peer)
              .hasSize(Math.min(others.size(), SETTINGS.limits().answer()))
              .isSubsetOf(others);
        } else if (!others.isEmpty()) {
          assertThat(answer.only()).containsAnyElementsOf(others);
        }
      }
    }
    for (int i = 0; i < 6; i++) {
      Tag tag = Simulation.tag(i);
      Set<Digest> pointedTo = new HashSet<>();
      cluster.up().forEach(node -> pointedTo.add(node.tags.get(tag)));
      pointedTo.remove(null);
      for (Simulation.Node node : cluster.up()) {
        Simulation.Answer<TagRecord> answer = node.findTag(tag);
        cluster.run(2 * SETTINGS.times().place());
        assertThat(answer.only()).extracting(TagRecord::digest).containsAll(pointedTo);
        if (nothingElse) {
          assertThat(answer.only()).hasSameSizeAs(pointedTo);
        }
      }
    }
  }
}
