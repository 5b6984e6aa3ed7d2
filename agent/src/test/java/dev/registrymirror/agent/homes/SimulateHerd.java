package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;

/** {@code make simulate}: one image on 5,000 nodes at once, in one process and virtual time. */
final class SimulateHerd {

  private static final int NODES = 5_000;
  private static final int LAYERS = 5;

  /** Of 1 MiB: 100 MB. */
  private static final int CHUNKS = 96;

  /** containerd's default. */
  private static final int DOWNLOADS_AT_ONCE = 3;

  /** For a chunk over 1 Gbit/s, which all share upstream, and 10 Gbit/s each way at a node. */
  private static final double UPSTREAM_MILLIS = (8 << 20) / 1e6;

  private static final double NODE_MILLIS = (8 << 20) / 1e7;

  private static final long SAMPLE = 500;
  private static final long LONGEST = 600_000;
  private static final Settings SETTINGS = Settings.DEFAULTS;

  /** What happens while they pull, every {@link #SAMPLE}. */
  private interface Happening {
    void at(long millis, Herd herd, Random random);
  }

  private SimulateHerd() {}

  public static void main(String[] args) {
    home();
    System.out.printf(
        "%n%d nodes in three zones, %d layers of %d MiB, %d at once; upstream 1 Gbit/s in all,"
            + " nodes 10 Gbit/s, fan-out %d%n%n",
        NODES, LAYERS, CHUNKS, DOWNLOADS_AT_ONCE, SETTINGS.limits().fanOut());
    System.out.println(
        "| | last node, s | median node, s | downloads of a layer | depth, most | messages/s, a"
            + " node | the busiest home, in its busiest s | failed pulls |");
    System.out.println("|---|---|---|---|---|---|---|---|");
    Simulation cluster = cluster();
    simulate("all at once", cluster, 1, (_, _, _) -> {});
    cluster.dropped = 10;
    simulate("1 % of messages lost", cluster, 2, (_, _, _) -> {});
    cluster.dropped = 0;
    simulate("a zone cut off from 1.5 s to 11.5 s", cluster, 3, SimulateHerd::partition);
    simulate("1 % of nodes restart every 0.5 s", cluster, 4, SimulateHerd::restart);
  }

  private static void restart(long millis, Herd herd, Random random) {
    List<Herd.Machine> machines = List.copyOf(herd.machines());
    for (int i = 0; i < NODES / 100; i++) {
      Herd.Machine machine = machines.get(random.nextInt(NODES));
      if (machine.node.isUp()) {
        machine.kill();
        herd.cluster.schedule(herd.cluster.now() + 3_000, machine::start);
      }
    }
  }

  private static void partition(long millis, Herd herd, Random random) {
    if (millis == 1_500) {
      herd.cluster.cut = (from, to) -> from.zone().equals("zone0") != to.zone().equals("zone0");
    } else if (millis == 11_500) {
      herd.cluster.cut = (_, _) -> false;
    }
  }

  private static void simulate(String what, Simulation cluster, long image, Happening happening) {
    List<Digest> layers =
        LongStream.range(0, LAYERS).mapToObj(i -> Simulation.digest(100 * image + i)).toList();
    // What the one before has left behind ends.
    cluster.run(SETTINGS.times().young());
    Herd herd = new Herd(cluster, UPSTREAM_MILLIS, NODE_MILLIS);
    Count count = new Count(cluster);
    cluster.meter = count;
    Random random = new Random(42);
    long begin = cluster.now();
    for (Herd.Machine machine : herd.machines()) {
      cluster.schedule(
          begin + random.nextInt(100), () -> machine.pull(layers, CHUNKS, DOWNLOADS_AT_ONCE));
    }
    int deepest = 0;
    cluster.run(SAMPLE);
    while (!layers.stream().allMatch(herd::isOver) && cluster.now() - begin < LONGEST) {
      happening.at(cluster.now() - begin, herd, random);
      cluster.run(SAMPLE);
      deepest = Math.max(deepest, deepest(herd));
    }
    long[] ends = herd.machines().stream().mapToLong(each -> end(each) - begin).sorted().toArray();
    List<Integer> upstreams =
        layers.stream().map(layer -> herd.upstreams.getOrDefault(layer, 0)).toList();
    double seconds = ends[NODES - 1] / 1e3;
    System.out.printf(
        "| %s | %.1f | %.1f | %s | %d | %.1f | %,d | %d |%n",
        what,
        seconds,
        ends[NODES / 2] / 1e3,
        upstreams,
        deepest,
        count.all / seconds / NODES,
        count.busiest(),
        herd.failedPulls);
  }

  /** Nodes that have known each other for a while. */
  private static Simulation cluster() {
    Simulation cluster = new Simulation(SETTINGS, 42);
    for (int i = 0; i < NODES; i++) {
      cluster.add("zone" + i % 3);
    }
    Collection<Peer> all = cluster.nodes.keySet();
    cluster.nodes.values().forEach(Simulation.Node::start);
    // Later than that they greet nobody, and are not young.
    cluster.run(SETTINGS.times().young() + 1);
    cluster.nodes.values().forEach(node -> node.roster(all));
    cluster.run(SETTINGS.times().young() + 1);
    return cluster;
  }

  private static long end(Herd.Machine machine) {
    return machine.downloads.values().stream().mapToLong(each -> each.doneAt).max().orElseThrow();
  }

  private static int deepest(Herd herd) {
    return herd.machines().stream()
        .flatMap(each -> each.downloads.values().stream())
        .mapToInt(Herd.Download::depth)
        .max()
        .orElse(0);
  }

  /** Requests that arrive. */
  private static final class Count implements Simulation.Meter {
    private final Simulation cluster;
    private final Map<Peer, Map<Long, Integer>> bySecond = new HashMap<>();
    private long all;

    Count(Simulation cluster) {
      this.cluster = cluster;
    }

    @Override
    public void received(Peer to) {
      all++;
      bySecond
          .computeIfAbsent(to, _ -> new HashMap<>())
          .merge(cluster.now() / 1_000, 1, Integer::sum);
    }

    int busiest() {
      return bySecond.values().stream()
          .flatMap(each -> each.values().stream())
          .mapToInt(Integer::intValue)
          .max()
          .orElse(0);
    }
  }

  /** Of a home: by how much the heap grows with as many members as it may have, and the CPU. */
  private static void home() {
    long[] now = {0};
    Timers timers = new Timers(() -> now[0], _ -> {});
    Table table = new Table(timers, SETTINGS, new Demotions(timers));
    List<Peer> peers = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      peers.add(new Peer("10.1." + (i >> 8) + "." + (i & 255), 29998, "zone" + i % 3));
    }
    long before = used();
    Flights flights = new Flights(timers, table, SETTINGS);
    int herds = Flights.MAX_MEMBERS / NODES;
    Map<Peer, Peer> parents = new HashMap<>();
    long begin = cpu();
    for (int i = 0; i < herds; i++) {
      Digest digest = Simulation.digest(i);
      for (Peer peer : peers) {
        Place place = flights.join(peer, new Message.Join(digest, false, 0, Optional.empty()));
        if (i == 0 && place instanceof Place.Follow follow) {
          parents.put(peer, follow.parent());
        }
      }
    }
    double joins = (cpu() - begin) / 1e3 / herds / NODES;
    long bytes = used() - before;
    System.out.printf(
        "A home with %d flights of %,d members: %.1f MiB of heap, %d bytes a member (without the"
            + " peers themselves); CPU %.1f µs for a join%n",
        flights.count(), NODES, bytes / 1048576.0, bytes / ((long) herds * NODES), joins);

    // All fall quiet at once, and complain twice: too early, and then for good.
    long quiet = SETTINGS.times().quiet();
    now[0] += quiet;
    begin = cpu();
    for (int i = 0; i < 2; i++) {
      for (Peer peer : peers) {
        if (parents.containsKey(peer)) {
          Complaint complaint = new Complaint(parents.get(peer), false, quiet + i * Flights.ROUND);
          flights.join(
              peer, new Message.Join(Simulation.digest(0), false, 0, Optional.of(complaint)));
        }
      }
      now[0] += Flights.ROUND;
    }
    System.out.printf(
        "CPU %.1f µs for each of %,d complaints of a leader that brings nothing%n",
        (cpu() - begin) / 2e3 / NODES, 2 * parents.size());
  }

  private static long cpu() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static long used() {
    for (int i = 0; i < 5; i++) {
      System.gc();
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
