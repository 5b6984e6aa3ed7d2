package dev.registrymirror.agent.homes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** How a node asks for its place, of homes that may be silent. */
class JoinsTest {

  private static final Settings SETTINGS = Settings.DEFAULTS;
  private static final Digest DIGEST = Simulation.digest(1);

  /** On a network that delays by 1 ms. */
  private final Simulation cluster = cluster(12);

  private final List<Simulation.Node> strangers = strangers(DIGEST);

  @Test
  void allAskTheSameHomeSoThatOneLeads() {
    // When
    List<Asked> asked = strangers.stream().map(node -> join(node, DIGEST)).toList();
    cluster.run(100);

    // Then
    assertThat(asked).extracting(Asked::place).containsOnlyOnce(Place.LEAD);
    assertThat(asked)
        .filteredOn(each -> !each.place().equals(Place.LEAD))
        .extracting(Asked::place)
        .hasOnlyElementsOfType(Place.Follow.class);
  }

  @Test
  void aSilentHomeIsPassedOver() {
    // Given
    Peer silent = homes(DIGEST).getFirst();
    cluster.cut = (from, to) -> from.equals(silent) || to.equals(silent);

    // When
    List<Asked> asked = strangers.stream().map(node -> join(node, DIGEST)).toList();
    cluster.run(SETTINGS.times().place() + 10);

    // Then the next home gives the places, in time
    assertThat(asked).extracting(Asked::place).containsOnlyOnce(Place.LEAD);

    // When they ask once more, within the while in which the silent one is left out
    List<Asked> again = strangers.stream().map(node -> join(node, DIGEST)).toList();
    cluster.run(10);
    assertThat(again).extracting(Asked::place).containsOnlyOnce(Place.LEAD);
  }

  @Test
  void whereNoHomeAnswersThisNodeLeads() {
    // Given
    cluster.cut = (_, _) -> true;

    // When
    Asked asked = join(strangers.getLast(), DIGEST);
    cluster.run(Shards.HOMES * SETTINGS.times().place());

    // Then
    assertThat(asked.place()).isEqualTo(Place.LEAD);
  }

  @Test
  void aNodeAloneLeadsAtOnce() {
    Simulation alone = new Simulation(SETTINGS, 42);
    alone.add("a").start();
    Asked asked = new Asked();

    alone.node(0).homes.join(DIGEST, () -> true, asked.places::add);

    assertThat(asked.place()).isEqualTo(Place.LEAD);
  }

  @Test
  void leadersOfOneImagesLayersSpreadOverTheNodes() {
    // Given five layers, and nodes that ask for all of them at once
    List<Digest> layers = LongStream.range(0, 5).mapToObj(Simulation::digest).toList();

    // When
    List<Integer> led = new ArrayList<>();
    List<List<Asked>> asked = new ArrayList<>();
    for (Simulation.Node node : cluster.up()) {
      asked.add(layers.stream().map(layer -> join(node, layer)).toList());
    }
    cluster.run(1_000);
    for (List<Asked> each : asked) {
      led.add((int) each.stream().filter(one -> one.place().equals(Place.LEAD)).count());
    }

    // Then each has one leader, and nobody leads twice
    assertThat(led.stream().mapToInt(Integer::intValue).sum()).isEqualTo(layers.size());
    assertThat(led).allMatch(count -> count <= 1);
  }

  @Test
  void aNodeThatHoldsWhatItLedLeadsLess() {
    // Given one that leads
    Simulation.Node node = strangers.getFirst();
    join(node, DIGEST);
    cluster.run(10);
    Digest next = foreign(node, 100);
    Digest last = foreign(node, 200);

    // When it asks for more, it is held
    Asked held = join(node, next);
    cluster.run(20);
    assertThat(held.places).isEmpty();
    cluster.run(Flights.ROUND);
    assertThat(held.place()).isEqualTo(Place.LEAD);

    // When it has them
    node.hold(DIGEST);
    node.hold(next);
    Asked free = join(node, last);
    cluster.run(10);

    // Then it is not
    assertThat(free.place()).isEqualTo(Place.LEAD);
  }

  @Test
  void whoDepartsIsForgotten() {
    // Given
    Asked leader = join(strangers.get(0), DIGEST);
    cluster.run(10);
    assertThat(leader.place()).isEqualTo(Place.LEAD);

    // When
    strangers.get(0).homes.depart(DIGEST);
    cluster.run(10);
    Asked next = join(strangers.get(1), DIGEST);
    cluster.run(10);

    // Then
    assertThat(next.place()).isEqualTo(Place.LEAD);
  }

  @Test
  void aComplaintIsAnsweredWithAPlaceAlsoWhereTheHomeHoldsIt() {
    // Given a leader with followers in two ranks
    List<Asked> asked = new ArrayList<>();
    for (Simulation.Node node : strangers.subList(0, 7)) {
      asked.add(join(node, DIGEST));
      cluster.run(10);
    }
    Peer parent = ((Place.Follow) asked.getLast().place()).parent();
    assertThat(parent).isNotEqualTo(strangers.get(0).peer);

    // When one of the lower rank complains
    cluster.run(SETTINGS.times().quiet());
    Asked complained = new Asked();
    Complaint complaint = new Complaint(parent, false, SETTINGS.times().quiet());
    strangers.get(6).homes.complain(DIGEST, complaint, complained.places::add);
    cluster.run(2 * Flights.ROUND);

    // Then
    assertThat(complained.place())
        .isInstanceOf(Place.Follow.class)
        .isNotEqualTo(new Place.Follow(parent));
  }

  @Test
  void aHomeThatHoldsForEverIsNotBelieved() {
    // Given a home that answers nothing but to wait
    long[] now = {0};
    List<Message.Request> asked = new ArrayList<>();
    Peer self = new Peer("10.0.0.1", 29998, "a");
    Homes homes =
        new Homes(
            SETTINGS,
            self,
            () -> now[0],
            (_, request, _, outcome) -> {
              asked.add(request);
              outcome.answered(new Message.Joined(1, new Place.Wait(Flights.ROUND)));
            },
            _ -> {},
            1);
    homes.roster(List.of(new Peer("10.0.0.2", 29998, "a")));
    Asked refused = new Asked();

    // When
    homes.refused(DIGEST, refused.places::add);
    for (int i = 0; i < 100; i++) {
      now[0] += Flights.ROUND;
      homes.tick();
    }

    // Then
    assertThat(refused.place()).isEqualTo(Place.LEAD);
    assertThat(asked).filteredOn(Message.Join.class::isInstance).hasSizeLessThan(50);
  }

  @Test
  void aPlaceThatIsOfNoUseIsNotTaken() {
    // Given a home that sends this node to itself
    Peer self = new Peer("10.0.0.1", 29998, "a");
    for (Place useless :
        List.of(
            new Place.Follow(self),
            new Place.Fetch(List.of()),
            new Place.Fetch(List.of(self)),
            new Place.Wait(Flights.ROUND + 1))) {
      Homes homes =
          new Homes(
              SETTINGS,
              self,
              () -> 0,
              (_, _, _, outcome) -> outcome.answered(new Message.Joined(1, useless)),
              _ -> {},
              1);
      homes.roster(List.of(new Peer("10.0.0.2", 29998, "a")));
      Asked asked = new Asked();

      // When
      homes.join(DIGEST, () -> true, asked.places::add);

      // Then
      assertThat(asked.place()).isEqualTo(Place.LEAD);
    }
  }

  @Test
  void aReleaseThatKnowsNoFlightsIsNoHome() {
    // Given a home of an older release
    Peer self = new Peer("10.0.0.1", 29998, "a");
    Homes homes =
        new Homes(
            SETTINGS,
            self,
            () -> 0,
            (_, _, _, outcome) -> outcome.answered(new Message.Unsupported(1)),
            _ -> {},
            1);
    homes.roster(List.of(new Peer("10.0.0.2", 29998, "a")));
    List<Place> places = new ArrayList<>();

    // When
    homes.join(DIGEST, () -> true, places::add);
    homes.complain(DIGEST, new Complaint(self, true, 1), places::add);
    homes.refused(DIGEST, places::add);

    // Then
    assertThat(places).containsExactly(Place.LEAD, Place.LEAD, Place.LEAD);
  }

  private static final class Asked {
    private final List<Place> places = new ArrayList<>();

    Place place() {
      assertThat(places).hasSize(1);
      return places.getFirst();
    }
  }

  private static Asked join(Simulation.Node node, Digest digest) {
    Asked asked = new Asked();
    node.homes.join(digest, () -> true, asked.places::add);
    return asked;
  }

  private static Simulation cluster(int size) {
    Simulation cluster = Simulation.of(size, SETTINGS, 42);
    cluster.maxDelay = 1;
    cluster.run(2_000);
    return cluster;
  }

  private List<Peer> homes(Digest digest) {
    Shards shards = new Shards();
    shards.change(cluster.nodes.keySet(), Set.of());
    return shards.homes(Shards.of(digest));
  }

  private List<Simulation.Node> strangers(Digest digest) {
    List<Peer> homes = homes(digest);
    return cluster.up().stream().filter(node -> !homes.contains(node.peer)).toList();
  }

  /** The first digest from {@code number} on of which {@code node} is no home. */
  private Digest foreign(Simulation.Node node, long number) {
    return LongStream.iterate(number, each -> each + 1)
        .mapToObj(Simulation::digest)
        .filter(digest -> !homes(digest).contains(node.peer))
        .findFirst()
        .orElseThrow();
  }
}
