package dev.registrymirror.agent.homes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Digest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a home says to those who ask for what nobody has. */
class FlightsTest {

  private static final Settings SETTINGS = Settings.DEFAULTS;
  private static final long QUIET = SETTINGS.times().quiet();
  private static final int FAN_OUT = SETTINGS.limits().fanOut();
  private static final Digest DIGEST = Simulation.digest(1);

  private long now = 1_000;
  private final Timers timers = new Timers(() -> now, _ -> {});
  private final Table table = new Table(timers, SETTINGS, new Demotions(timers));
  private final Flights flights = new Flights(timers, table, SETTINGS);

  /** As the answers told: who follows whom. */
  private final Map<Peer, Peer> parents = new HashMap<>();

  @Test
  void theFirstLeadsAtOnceAndAllOthersFollow() {
    // When
    Place first = join(peer(1));
    Place second = join(peer(2));

    // Then
    assertThat(first).isEqualTo(Place.LEAD);
    assertThat(second).isEqualTo(new Place.Follow(peer(1)));
    assertThat(flights.count()).isEqualTo(1);
    assertThat(flights.followers(DIGEST)).contains(1);
  }

  @Test
  void noParentHasMoreFollowersThanItsSlotsAndTheTreeIsAsLowAsItCanBe() {
    // When
    for (int i = 1; i <= 5_000; i++) {
      join(peer(i));
    }

    // Then 2 + 4 + … + 2^12 places are above 4,999 followers
    Map<Peer, Integer> children = new HashMap<>();
    parents.values().forEach(parent -> children.merge(parent, 1, Integer::sum));
    assertThat(parents).hasSize(4_999);
    assertThat(children.values()).allMatch(count -> count <= FAN_OUT);
    assertThat(deepest()).isEqualTo(12);
  }

  @Test
  void parentsAreOfTheSameZoneFirst() {
    // Given a leader in zone a, and a follower in b
    join(inZone(1, "a"));
    join(inZone(2, "b"));

    // When more come
    for (int i = 3; i <= 40; i++) {
      join(inZone(i, i % 2 == 0 ? "b" : "a"));
    }

    // Then the bytes came over once
    long across = parents.entrySet().stream().filter(e -> isOfOtherZones(e)).count();
    assertThat(across).isEqualTo(1);
  }

  private static boolean isOfOtherZones(Map.Entry<Peer, Peer> edge) {
    return !edge.getKey().zone().equals(edge.getValue().zone());
  }

  @Test
  void whoAsksAgainKeepsItsPlace() {
    // Given
    for (int i = 1; i <= 10; i++) {
      join(peer(i));
    }
    Map<Peer, Peer> before = Map.copyOf(parents);

    // When
    for (int i = 10; i >= 1; i--) {
      join(peer(i));
    }

    // Then
    assertThat(parents).isEqualTo(before);
    assertThat(join(peer(1))).isEqualTo(Place.LEAD);
    assertThat(flights.followers(DIGEST)).contains(9);
  }

  @Test
  void theFirstWhoComplainsOfTheLeaderLeadsAndTheRestFollowIt() {
    // Given a leader that brings nothing
    join(peer(1));
    for (int i = 2; i <= 7; i++) {
      join(peer(i));
    }
    now += QUIET;

    // When all fall quiet, its followers first
    Place first = complain(peer(2), peer(1), QUIET);
    Place second = complain(peer(3), peer(1), QUIET);
    List<Place> others = new ArrayList<>();
    for (int i = 4; i <= 7; i++) {
      others.add(complain(peer(i), parents.get(peer(i)), QUIET));
    }

    // Then
    assertThat(first).isEqualTo(Place.LEAD);
    assertThat(second).isInstanceOf(Place.Follow.class);
    assertThat(others).hasOnlyElementsOfType(Place.Follow.class);
    parents.remove(peer(2));
    for (int i = 3; i <= 7; i++) {
      assertThat(root(peer(i))).isEqualTo(peer(2));
    }
  }

  @Test
  void followersFurtherDownWaitForTheComplaintOfThoseAboveThem() {
    // Given a leader with followers in two ranks
    for (int i = 1; i <= 7; i++) {
      join(peer(i));
    }
    now += QUIET;
    Peer lower = peer(7);
    Peer upper = parents.get(lower);

    // When one of the lower complains first
    Place early = complain(lower, upper, QUIET);

    // Then it is held, for the upper one to say whether it had anything
    assertThat(early).isEqualTo(new Place.Wait(Flights.ROUND));

    // When that one leads, and the lower one asks again
    assertThat(complain(upper, peer(1), QUIET)).isEqualTo(Place.LEAD);
    now += Flights.ROUND;

    // Then it keeps its parent
    assertThat(complain(lower, upper, QUIET)).isEqualTo(new Place.Follow(upper));
  }

  @Test
  void aFollowerThatIsFedAndFeedsNobodyIsLeft() {
    // Given
    for (int i = 1; i <= 7; i++) {
      join(peer(i));
    }
    now += QUIET;
    Peer lower = peer(7);
    Peer upper = parents.get(lower);

    // When nobody else complains
    complain(lower, upper, QUIET);
    now += Flights.ROUND;
    Place place = complain(lower, upper, QUIET + Flights.ROUND);

    // Then the lower one moves, the leader stays, and it is not sent back
    assertThat(place).isInstanceOf(Place.Follow.class).isNotEqualTo(new Place.Follow(upper));
    assertThat(join(peer(1))).isEqualTo(Place.LEAD);
    assertThat(join(lower)).isEqualTo(place);
  }

  @Test
  void aComplaintOfWhatWasBeforeTheLeaderLedDoesNotDismissIt() {
    // Given a leader dismissed by one of its followers, which has followers itself
    for (int i = 1; i <= 7; i++) {
      join(peer(i));
    }
    now += QUIET;
    complain(peer(2), peer(1), QUIET);
    Peer below = childOf(peer(2));

    // When one of these complains that nothing has come since
    now += 10;
    Place place = complain(below, peer(2), QUIET + 10);

    // Then the new leader has its time
    assertThat(place).isEqualTo(new Place.Follow(peer(2)));
    assertThat(join(peer(2))).isEqualTo(Place.LEAD);

    // When it brings nothing either
    now += QUIET;
    assertThat(complain(below, peer(2), 2 * QUIET + 10)).isEqualTo(Place.LEAD);
    assertThat(join(peer(2))).isNotEqualTo(Place.LEAD);
  }

  @Test
  void whatAFollowerWaitedForBeforeItFollowedIsNotItsParentsFault() {
    // Given a follower whose containerd had asked before the leader's
    join(peer(1));
    join(peer(2));

    // When it has waited longer than the leader leads
    now += QUIET;
    Place place = complain(peer(2), peer(1), QUIET + 100);

    // Then it has waited for the leader for all of its time
    assertThat(place).isEqualTo(Place.LEAD);
  }

  @Test
  void anUnreachableParentIsNobodysForAWhile() {
    // Given a follower of the leader that cannot be reached by one of its own
    for (int i = 1; i <= 7; i++) {
      join(peer(i));
    }
    Peer gone = parents.get(peer(7));

    // When
    Place place = unreachable(peer(7), gone);

    // Then nobody who comes is sent there, and the leader stays
    assertThat(place).isInstanceOf(Place.Follow.class).isNotEqualTo(new Place.Follow(gone));
    for (int i = 8; i <= 60; i++) {
      assertThat(join(peer(i))).isNotEqualTo(new Place.Follow(gone));
    }

    // When the while is over
    now += Flights.SHUNNED;

    // Then the slot is used again, but not for who complained
    assertThat(join(peer(7))).isEqualTo(place);
    assertThat(join(peer(61))).isEqualTo(new Place.Follow(gone));
  }

  @Test
  void oneThatReachesNobodyDoesNotTakeTheLeaderFromTheOthers() {
    // Given a herd, and one that is cut off from its leader
    join(peer(1));
    join(peer(2));

    // When it says so
    assertThat(unreachable(peer(2), peer(1))).isEqualTo(Place.LEAD);

    // Then the leader leads still, and only another's word dismisses it
    assertThat(join(peer(1))).isEqualTo(Place.LEAD);
    join(peer(3));
    unreachable(peer(3), peer(1));
    assertThat(join(peer(1))).isNotEqualTo(Place.LEAD);
  }

  @Test
  void followersOfAnUnreachableLeaderCostOneMoreDownload() {
    // Given
    for (int i = 1; i <= 50; i++) {
      join(peer(i));
    }

    // When both followers of the leader lose it
    Place first = unreachable(peer(2), peer(1));
    Place second = unreachable(peer(3), peer(1));

    // Then
    assertThat(first).isEqualTo(Place.LEAD);
    assertThat(second).isInstanceOf(Place.Follow.class);
    parents.remove(peer(2));
    assertThat(root(peer(3))).isEqualTo(peer(2));
  }

  @Test
  void placesNeverFormACircle() {
    // Given a leader that was dismissed, with all others below it
    for (int i = 1; i <= 100; i++) {
      join(peer(i));
    }
    now += QUIET;
    complain(peer(2), peer(1), QUIET);
    parents.remove(peer(2));

    // When it asks again, being above the one that leads now no more
    now += Flights.SHUNNED;
    join(peer(1));

    // Then every way ends at the leader
    for (int i = 3; i <= 100; i++) {
      join(peer(i));
    }
    for (int i = 1; i <= 100; i++) {
      assertThat(root(peer(i))).isEqualTo(peer(2));
    }
  }

  @Test
  void theTreeStaysLowWhereABranchHasMoved() {
    // Given a herd half of which has moved below the other half
    for (int i = 1; i <= 1_000; i++) {
      join(peer(i));
    }
    now += QUIET;
    complain(peer(2), peer(1), QUIET);
    parents.remove(peer(2));
    complain(peer(3), peer(1), QUIET);
    int before = deepest();

    // When as many come once more
    for (int i = 1_001; i <= 2_000; i++) {
      join(peer(i));
    }

    // Then they are above the depths
    assertThat(before).isBetween(16, 18);
    assertThat(deepest()).isEqualTo(before);
  }

  @Test
  void whereUpstreamRefusesTheLeaderAnotherLeadsAtOnce() {
    // Given
    join(peer(1));
    join(peer(2));

    // When
    now += 30;
    Place refused = refused(peer(1));
    Place another = complain(peer(2), peer(1), 30);

    // Then
    assertThat(refused).isEqualTo(new Place.Wait(Flights.ROUND));
    assertThat(another).isEqualTo(Place.LEAD);

    // When the refused one asks again it follows
    now += Flights.ROUND;
    assertThat(refused(peer(1))).isEqualTo(new Place.Follow(peer(2)));
  }

  @Test
  void whoWasRefusedFollowsEvenThoseThatItComplainedOf() {
    // Given a follower that has left the leader for being quiet, and upstream refuses it
    join(peer(1));
    join(peer(2));
    now += 2 * QUIET;
    unreachable(peer(2), peer(1));

    // When
    Place place = refused(peer(2));

    // Then
    assertThat(place).isEqualTo(new Place.Follow(peer(1)));
  }

  @Test
  void whoWasRefusedWaitsForAnotherForASecondAtMost() {
    // Given a leader that was refused, and a follower that does not ask any more
    join(peer(1));
    join(peer(2));
    refused(peer(1));
    long begin = now;

    // When
    while (refused(peer(1)) instanceof Place.Wait wait) {
      now += wait.millis();
    }

    // Then it is sent to where it was refused, and leads nobody
    assertThat(now - begin).isEqualTo(Flights.REFUSED);
    assertThat(join(peer(3))).isEqualTo(Place.LEAD);
  }

  @Test
  void whoIsAloneAndWasRefusedIsSentOnAtOnce() {
    join(peer(1));

    assertThat(refused(peer(1))).isEqualTo(Place.LEAD);
  }

  @Test
  void whereUpstreamRefusedAllTheNextPullIsAHerdAgain() {
    // Given a herd in which each was refused in its turn
    join(peer(1));
    for (int i = 2; i <= 5; i++) {
      refused(peer(i - 1));
      assertThat(complain(peer(i), peer(i - 1), 10)).isEqualTo(Place.LEAD);
    }
    refused(peer(5));

    // When they pull again
    now += 10_000;
    List<Place> places = new ArrayList<>();
    for (int i = 1; i <= 5; i++) {
      places.add(join(peer(i)));
    }

    // Then one leads
    assertThat(places).filteredOn(place -> place.equals(Place.LEAD)).hasSize(1);
  }

  @Test
  void whoLeadsMuchIsHeldForAnotherToLead() {
    // When
    Place loaded = flights.join(peer(1), new Message.Join(DIGEST, false, 3, Optional.empty()));
    Place free = join(peer(2));

    // Then
    assertThat(loaded).isEqualTo(new Place.Wait(Flights.ROUND));
    assertThat(free).isEqualTo(Place.LEAD);
    now += Flights.ROUND;
    assertThat(flights.join(peer(1), new Message.Join(DIGEST, false, 3, Optional.empty())))
        .isEqualTo(new Place.Follow(peer(2)));
  }

  @Test
  void whoLeadsMuchLeadsInTheEnd() {
    // When nobody else comes
    long begin = now;
    Place place;
    do {
      place = flights.join(peer(1), new Message.Join(DIGEST, false, 3, Optional.empty()));
      now += place instanceof Place.Wait wait ? wait.millis() : 0;
    } while (place instanceof Place.Wait);

    // Then
    assertThat(place).isEqualTo(Place.LEAD);
    assertThat(now - begin).isEqualTo(Flights.ROUNDS * Flights.ROUND);
  }

  @Test
  void endsInProviders() {
    // Given
    join(peer(1));
    join(peer(2));

    // When the leader has it
    hold(peer(1));

    // Then
    assertThat(join(peer(3))).isEqualTo(new Place.Fetch(List.of(peer(1))));
    assertThat(flights.count()).isZero();
  }

  @Test
  void aCopyThatCannotBeHadEndsNoFlight() {
    // Given a holder that does not answer, and a herd that goes upstream for it
    hold(peer(9));
    assertThat(unreachable(peer(1), peer(9))).isEqualTo(Place.LEAD);

    // When one comes that has not heard of it yet
    Place newcomer = join(peer(2));
    Place after = unreachable(peer(2), peer(9));

    // Then it is worth a try, and the herd goes on
    assertThat(newcomer).isEqualTo(new Place.Fetch(List.of(peer(9))));
    assertThat(after).isEqualTo(new Place.Follow(peer(1)));
  }

  @Test
  void whatTurnedOutWrongIsNotFlownForAWhile() {
    // Given
    join(peer(1));
    join(peer(2));

    // When
    flights.ground(DIGEST);

    // Then all go upstream
    assertThat(flights.count()).isZero();
    assertThat(join(peer(2))).isEqualTo(Place.LEAD);
    assertThat(join(peer(3))).isEqualTo(Place.LEAD);

    // When the while is over
    now += Flights.GROUNDED;
    assertThat(join(peer(1))).isEqualTo(Place.LEAD);
    assertThat(join(peer(2))).isEqualTo(new Place.Follow(peer(1)));
  }

  @Test
  void keepsNoMoreFlightsThanItsBound() {
    // When
    for (int i = 0; i < Flights.MAX_FLIGHTS + 10; i++) {
      join(peer(1), Simulation.digest(i));
      // Asked for again and again.
      join(peer(1), Simulation.digest(0));
    }

    // Then the longest unused are gone
    assertThat(flights.count()).isEqualTo(Flights.MAX_FLIGHTS);
    assertThat(flights.followers(Simulation.digest(0))).isPresent();
    assertThat(flights.followers(Simulation.digest(1))).isEmpty();
  }

  @Test
  void keepsNoMoreMembersThanItsBound() {
    // When fourteen flights have 5,000 members each
    for (int flight = 0; flight < 14; flight++) {
      for (int i = 1; i <= 5_000; i++) {
        join(peer(i), Simulation.digest(flight));
      }
    }

    // Then the longest unused is gone, and its members count no more
    assertThat(flights.followers(Simulation.digest(0))).isEmpty();
    assertThat(flights.count()).isEqualTo(Flights.MAX_MEMBERS / 5_000);
  }

  @Test
  void forgetsWhatNobodyAsksFor() {
    // Given
    join(peer(1));
    join(peer(1), Simulation.digest(2));

    // When
    now += Flights.IDLE;
    join(peer(2));
    now++;
    flights.expire();

    // Then
    assertThat(flights.followers(DIGEST)).contains(1);
    assertThat(flights.count()).isEqualTo(1);
  }

  @Test
  void theLastWhoDepartsEndsTheFlight() {
    // Given
    join(peer(1));
    join(peer(2));

    // When
    flights.depart(peer(1), DIGEST);
    flights.depart(peer(7), DIGEST);

    // Then who is left finds out and leads
    assertThat(complain(peer(2), peer(1), 10)).isEqualTo(Place.LEAD);
    flights.depart(peer(2), DIGEST);
    assertThat(flights.count()).isZero();
  }

  @Test
  void followersOfOneThatDepartedAreParentsAgainOnceTheyHaveOne() {
    // Given
    for (int i = 1; i <= 7; i++) {
      join(peer(i));
    }
    Peer orphan = childOf(peer(2));

    // When
    flights.depart(peer(2), DIGEST);

    // Then nobody is sent to its followers, until they have found another
    List<Peer> orphans = new ArrayList<>(parents.keySet());
    orphans.removeIf(each -> !parents.get(each).equals(peer(2)));
    for (int i = 8; i <= 20; i++) {
      assertThat(join(peer(i))).isInstanceOf(Place.Follow.class);
      assertThat(orphans).doesNotContain(parents.get(peer(i)));
    }
    complain(orphan, peer(2), 10);
    assertThat(root(orphan)).isEqualTo(peer(1));
    for (int i = 21; i <= 60; i++) {
      join(peer(i));
    }
    assertThat(parents.values()).contains(orphan);
  }

  @Test
  void aComplaintOfWhoIsNoMemberIsAnAsk() {
    // Given a home that has restarted, and forgot
    Place first = complain(peer(2), peer(1), QUIET);
    Place second = complain(peer(3), peer(1), QUIET);

    // Then
    assertThat(first).isEqualTo(Place.LEAD);
    assertThat(second).isEqualTo(new Place.Follow(peer(2)));
  }

  @Test
  void aComplaintOfOneselfIsAnAsk() {
    join(peer(1));
    join(peer(2));

    assertThat(complain(peer(2), peer(2), QUIET)).isEqualTo(new Place.Follow(peer(1)));
    assertThat(complain(peer(1), peer(1), QUIET)).isEqualTo(Place.LEAD);
  }

  @Test
  void aComplaintThatComesTwiceMovesNobodyTwice() {
    // Given
    for (int i = 1; i <= 7; i++) {
      join(peer(i));
    }
    now += QUIET;
    complain(peer(2), peer(1), QUIET);
    Place moved = complain(peer(3), peer(1), QUIET);

    // When
    Place again = complain(peer(3), peer(1), QUIET);
    Place leader = complain(peer(2), peer(1), QUIET);

    // Then
    assertThat(again).isEqualTo(moved);
    assertThat(leader).isEqualTo(Place.LEAD);
  }

  @Test
  void whoHasComplainedOfManyIsForgivenByTheFirst() {
    // Given one that complained of more than are remembered
    join(peer(1));
    for (int i = 2; i <= Flights.MAX_AVOIDED + 3; i++) {
      unreachable(peer(1_000), peer(i - 1));
      join(peer(i));
    }

    // Then it has a place still, and the flight is one
    assertThat(join(peer(1_000))).isNotInstanceOf(Place.Wait.class);
    assertThat(flights.count()).isEqualTo(1);
  }

  private static final long MB = 1_000_000;
  private static final long SIZE = 1_000 * MB;

  @Test
  void aFollowerThatWouldBeFarFasterLeadsAndTheOthersComeToIt() {
    // Given a leader that brings 1 MB a second
    join(peer(1));
    join(peer(2));
    join(peer(3));
    progress(peer(2), 0, 0);
    progress(peer(3), 0, 0);
    now += 10_000;

    // When a follower has lately had ten times as much from upstream, and says so again and again
    for (int told = 1; told < Flights.PERSISTS; told++) {
      assertThat(progress(peer(2), 10 * MB * told, 10 * MB)).isInstanceOf(Place.Wait.class);
      progress(peer(3), 10 * MB * told, 0);
      now += 10_000;
    }
    Place faster = progress(peer(2), 10 * MB * Flights.PERSISTS, 10 * MB);
    Place other = progress(peer(3), 10 * MB * Flights.PERSISTS, 0);

    // Then
    assertThat(faster).isEqualTo(Place.LEAD);
    assertThat(other).isEqualTo(new Place.Follow(peer(2)));
    assertThat(join(peer(4))).isEqualTo(new Place.Follow(peer(2)));
  }

  @Test
  void aLeaderIsNotLeftForLittle() {
    join(peer(1));
    join(peer(2));
    progress(peer(2), 0, 0);
    now += 10_000;

    for (int told = 1; told <= 2 * Flights.PERSISTS; told++) {
      long at = 10 * MB * told;
      // Nobody knows whether it could do better; it could, by less; it could, and is nearly done.
      assertThat(progress(peer(2), at, 0)).isInstanceOf(Place.Wait.class);
      assertThat(progress(peer(2), at, 3 * MB)).isInstanceOf(Place.Wait.class);
      assertThat(flights.progress(peer(2), new Message.Progress(DIGEST, at, at + 4 * MB, 99 * MB)))
          .isInstanceOf(Place.Wait.class);
      now += 10_000;
    }
  }

  @Test
  void aFollowerThatFallsBehindGetsAnotherParentTwiceAtMost() {
    // Given a leader's two followers, one far slower than the other
    for (int i = 1; i <= 3; i++) {
      join(peer(i));
      progress(peer(i), 0, 0);
    }
    now += 10_000;
    progress(peer(2), 500 * MB, 0);

    // When
    Place place = progress(peer(3), 10 * MB, 0);

    // Then it is not the leader that keeps it back
    assertThat(place).isEqualTo(new Place.Follow(peer(2)));
    now += 10_000;
    progress(peer(2), 900 * MB, 0);
    assertThat(progress(peer(3), 20 * MB, 0)).isNotEqualTo(Place.LEAD);
  }

  private Place progress(Peer peer, long position, long upstreamRate) {
    return flights.progress(peer, new Message.Progress(DIGEST, position, SIZE, upstreamRate));
  }

  private Place join(Peer peer) {
    return join(peer, DIGEST);
  }

  private Place join(Peer peer, Digest digest) {
    return ask(peer, new Message.Join(digest, false, 0, Optional.empty()));
  }

  private Place complain(Peer peer, Peer parent, long quietMillis) {
    Complaint complaint = new Complaint(parent, false, quietMillis);
    return ask(peer, new Message.Join(DIGEST, false, 0, Optional.of(complaint)));
  }

  private Place unreachable(Peer peer, Peer parent) {
    Complaint complaint = new Complaint(parent, true, 0);
    return ask(peer, new Message.Join(DIGEST, false, 0, Optional.of(complaint)));
  }

  private Place refused(Peer peer) {
    return ask(peer, new Message.Join(DIGEST, true, 0, Optional.empty()));
  }

  private Place ask(Peer peer, Message.Join join) {
    Place place = flights.join(peer, join);
    if (place instanceof Place.Follow follow) {
      parents.put(peer, follow.parent());
    }
    return place;
  }

  private void hold(Peer peer) {
    table.announce(
        peer,
        new Message.Announce(
            7, 0, 1, true, true, List.of(DIGEST), List.of(), List.of(), List.of()));
  }

  private Peer childOf(Peer parent) {
    return parents.entrySet().stream()
        .filter(each -> each.getValue().equals(parent))
        .findFirst()
        .orElseThrow()
        .getKey();
  }

  private Peer root(Peer peer) {
    Peer each = peer;
    for (int hops = 0; parents.containsKey(each); hops++) {
      assertThat(hops).describedAs("hops above %s", peer).isLessThanOrEqualTo(parents.size());
      each = parents.get(each);
    }
    return each;
  }

  private int deepest() {
    Map<Peer, Integer> depths = new HashMap<>();
    return parents.keySet().stream().mapToInt(each -> depth(each, depths)).max().orElse(0);
  }

  private int depth(Peer peer, Map<Peer, Integer> depths) {
    Integer known = depths.get(peer);
    if (known == null) {
      Peer parent = parents.get(peer);
      known = parent == null ? 0 : 1 + depth(parent, depths);
      depths.put(peer, known);
    }
    return known;
  }

  private static Peer peer(int i) {
    return inZone(i, "a");
  }

  private static Peer inZone(int i, String zone) {
    return new Peer("10.0." + (i >> 8) + "." + (i & 255), 29998, zone);
  }
}
