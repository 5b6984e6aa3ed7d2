package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.oci.Tag;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Many nodes, one clock and a network that does what it is told: delays, drops, duplicates and
 * reorders messages, refuses or swallows them. Everything follows from the seed.
 */
final class Simulation {

  final Settings settings;
  final Random random;
  final Map<Peer, Node> nodes = new LinkedHashMap<>();

  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private long now = 1_000;
  private long eventCount;
  int largestAnnouncement;

  /** Of each message, in thousandths. */
  int dropped;

  int duplicated;

  /** In milliseconds; a message takes any time up to that, so that later ones overtake it. */
  int maxDelay = 2;

  /** Which messages the network swallows, by sender and receiver. */
  Cut cut = (_, _) -> false;

  interface Cut {
    boolean between(Peer from, Peer to);
  }

  /** Told of each request that arrives. */
  Meter meter = _ -> {};

  interface Meter {
    void received(Peer to);
  }

  private record Event(long at, long order, Runnable what) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(at, other.at);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  /** What a lookup came to. */
  static final class Answer<T> {
    final Node asker;
    final int run;
    final long asked;
    final List<List<T>> answers = new ArrayList<>();
    final long within;
    long answered = -1;

    Answer(Node asker, long asked, long within) {
      this.asker = asker;
      this.run = asker.run;
      this.asked = asked;
      this.within = within;
    }

    List<T> only() {
      if (answers.size() != 1) {
        throw new AssertionError("answered " + answers.size() + " times");
      }
      return answers.getFirst();
    }
  }

  /** A node, and what it truly holds: that outlives its agent. */
  final class Node {
    final Peer peer;
    final Set<Digest> held = new LinkedHashSet<>();
    final Map<Tag, Digest> tags = new LinkedHashMap<>();
    Collection<Peer> roster = List.of();
    Homes homes;
    int run;
    private long alarm;

    Node(Peer peer) {
      this.peer = peer;
    }

    boolean isUp() {
      return homes != null;
    }

    void start() {
      run++;
      alarm = Long.MAX_VALUE;
      int thisRun = run;
      homes =
          new Homes(
              settings,
              peer,
              () -> now,
              (to, request, within, outcome) -> send(this, thisRun, to, request, within, outcome),
              at -> alarmAt(thisRun, at),
              1_000_000L + now * 10 + run);
      homes.roster(roster);
      held.forEach(homes::advertise);
      tags.forEach((tag, digest) -> homes.advertiseTag(tag, digest, now - 5_000));
    }

    /** As by SIGKILL. */
    void kill() {
      homes = null;
    }

    /** As by SIGTERM. */
    void stop() {
      Homes leaving = homes;
      int thisRun = run;
      leaving.leave(
          () -> {
            if (run == thisRun) {
              homes = null;
            }
          });
    }

    void roster(Collection<Peer> members) {
      roster = members;
      if (isUp()) {
        homes.roster(members);
      }
    }

    void hold(Digest digest) {
      held.add(digest);
      if (isUp()) {
        homes.advertise(digest);
      }
    }

    void drop(Digest digest) {
      held.remove(digest);
      if (isUp()) {
        homes.withdraw(digest);
      }
    }

    void tag(Tag tag, Digest digest) {
      tags.put(tag, digest);
      if (isUp()) {
        homes.advertiseTag(tag, digest, now);
      }
    }

    void untag(Tag tag) {
      tags.remove(tag);
      if (isUp()) {
        homes.withdrawTag(tag);
      }
    }

    Answer<Peer> find(Digest digest) {
      Answer<Peer> answer = new Answer<>(this, now, 2 * settings.times().lookup());
      homes.find(digest, found -> record(answer, found));
      return answer;
    }

    Answer<TagRecord> findTag(Tag tag) {
      Answer<TagRecord> answer = new Answer<>(this, now, 2 * settings.times().place());
      homes.findTag(tag, found -> record(answer, found));
      return answer;
    }

    private <T> void record(Answer<T> answer, List<T> found) {
      answer.answers.add(found);
      answer.answered = now;
    }

    private void alarmAt(int thisRun, long at) {
      alarm = at;
      schedule(
          Math.max(at, now),
          () -> {
            // Only the last wish counts, and none of an agent that is gone.
            if (homes != null && run == thisRun && alarm == at) {
              alarm = Long.MAX_VALUE;
              homes.tick();
            }
          });
    }
  }

  /** Cuts the nodes in two at random, or has one side heard and not hear. */
  void partition(Random random) {
    int side = random.nextInt(1, 1 << 12);
    boolean oneWay = random.nextBoolean();
    cut =
        (from, to) -> {
          boolean fromLeft = (side >> (from.hashCode() % 12) & 1) == 0;
          boolean toLeft = (side >> (to.hashCode() % 12) & 1) == 0;
          return fromLeft != toLeft && (!oneWay || fromLeft);
        };
  }

  Simulation(Settings settings, long seed) {
    this.settings = settings;
    this.random = new Random(seed);
  }

  /** Nodes in three zones that all have all of them in their roster, up. */
  static Simulation of(int size, Settings settings, long seed) {
    Simulation simulation = new Simulation(settings, seed);
    for (int i = 0; i < size; i++) {
      simulation.add("zone" + i % 3);
    }
    simulation.nodes.values().forEach(node -> node.roster = simulation.nodes.keySet());
    simulation.nodes.values().forEach(Node::start);
    return simulation;
  }

  Node add(String zone) {
    int i = nodes.size() + 1;
    Node node =
        new Node(new Peer("10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255), 29998, zone));
    nodes.put(node.peer, node);
    return node;
  }

  Node node(int i) {
    return List.copyOf(nodes.values()).get(i);
  }

  Node any() {
    return node(random.nextInt(nodes.size()));
  }

  List<Node> up() {
    return nodes.values().stream().filter(Node::isUp).toList();
  }

  List<Node> down() {
    return nodes.values().stream().filter(node -> !node.isUp()).toList();
  }

  long now() {
    return now;
  }

  /** Lets that many milliseconds go by. */
  void run(long millis) {
    long until = now + millis;
    while (!events.isEmpty() && events.peek().at <= until) {
      Event event = events.poll();
      now = event.at;
      event.what.run();
    }
    now = until;
  }

  /** Lets time go by until {@code condition} holds; fails after that many milliseconds. */
  long runUntil(Predicate<Simulation> condition, long withinMillis) {
    long begin = now;
    while (!condition.test(this)) {
      if (now - begin >= withinMillis) {
        throw new AssertionError("not within " + withinMillis + " ms");
      }
      run(10);
    }
    return now - begin;
  }

  void schedule(long at, Runnable what) {
    events.add(new Event(at, eventCount++, what));
  }

  private void send(
      Node from,
      int run,
      Peer to,
      Message.Request request,
      long within,
      Transport.Outcome outcome) {
    if (within <= 0 || from.peer.equals(to)) {
      throw new AssertionError("sent " + request + " to " + to + " within " + within);
    }
    if (request instanceof Message.Announce announce) {
      int entries =
          announce.held().size()
              + announce.withdrawn().size()
              + announce.heldTags().size()
              + announce.withdrawnTags().size();
      largestAnnouncement = Math.max(largestAnnouncement, entries);
    }
    transmit(
        from.peer,
        to,
        () -> {
          Node target = nodes.get(to);
          if (target == null || !target.isUp()) {
            transmit(to, from.peer, () -> tell(from, run, outcome::failed));
            return;
          }
          meter.received(to);
          Message.Reply reply = target.homes.receive(from.peer, request);
          transmit(to, from.peer, () -> tell(from, run, () -> outcome.answered(reply)));
        });
  }

  private void tell(Node node, int run, Runnable what) {
    if (node.isUp() && node.run == run) {
      what.run();
    }
  }

  private void transmit(Peer from, Peer to, Runnable arrival) {
    int copies = random.nextInt(1_000) < duplicated ? 2 : 1;
    for (int i = 0; i < copies; i++) {
      if (random.nextInt(1_000) >= dropped && !cut.between(from, to)) {
        schedule(now + 1 + random.nextInt(maxDelay), arrival);
      }
    }
  }

  static Digest digest(long number) {
    // Spread over the shards as a real one.
    long hash = Shards.hash("digest " + number);
    return Digest.parse("sha256:%016x%016x%016x%016x".formatted(hash, number, hash, number));
  }

  static Tag tag(long number) {
    return new Tag(new Repository("docker.io", "library/image" + number), "latest");
  }
}
