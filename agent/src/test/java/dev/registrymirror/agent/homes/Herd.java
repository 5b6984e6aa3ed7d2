package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.oci.Digest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What nodes of a {@link Simulation} do with their places: containerds that download, agents that
 * pass on what there is of it, links that take their time. The homes are the real ones; of the rest
 * this is a model, after {@code Pull}, {@code Relay} and {@code Tail}.
 *
 * <p>Blobs consist of chunks of 1 MiB, the steps in which containerd's ingest grows. A link carries
 * one chunk after the other, of all streams in the order of asking, so that streams share it.
 */
final class Herd {

  private static final long QUIET = Deadlines.DEFAULTS.flightQuiet().toMillis();
  private static final long FOLLOWERS_QUIET = QUIET + 1_000;
  private static final long FLIGHT_WAIT = Deadlines.DEFAULTS.flightWait().toMillis();
  private static final long WHOLE_PULL = Deadlines.DEFAULTS.wholePull().toMillis();
  private static final long CONNECT = Deadlines.DEFAULTS.connect().toMillis();
  private static final int MAX_PLACES = 16;
  private static final long SAME_PARENT_PAUSE = 50;

  /** Until upstream's first byte, or its refusal. */
  private static final long UPSTREAM_DELAY = 50;

  /** After which containerd gives an upstream up that does not answer. */
  private static final long DIAL = 30_000;

  /** After which kubelet tries a pull once more that has failed. */
  private static final long BACK_OFF = 10_000;

  /** What may happen to a request upstream. */
  enum Upstream {
    WELL,
    REFUSED,
    BLACK_HOLED
  }

  final Simulation cluster;
  final Map<Peer, Machine> machines = new LinkedHashMap<>();
  final Link upstream;

  /** From the parent's disk to the follower's, beside the links, in milliseconds. */
  int hop = 3;

  private final double nodeMillis;

  /** Downloads that upstream began, of each digest; not what it refused. */
  final Map<Digest, Integer> upstreams = new HashMap<>();

  long longestWait;
  int failedPulls;

  /** Of both directions of a node, and of upstream. */
  static final class Link {
    private final double millis;
    private double freeAt;

    /**
     * @param millis for one chunk
     */
    Link(double millis) {
      this.millis = millis;
    }

    double millis() {
      return millis;
    }

    double take(double now) {
      freeAt = Math.max(now, freeAt) + millis;
      return freeAt;
    }
  }

  /**
   * @param upstreamMillis for a chunk from upstream, over the link that all nodes share
   * @param nodeMillis for a chunk, each way
   */
  Herd(Simulation cluster, double upstreamMillis, double nodeMillis) {
    this.cluster = cluster;
    this.upstream = new Link(upstreamMillis);
    this.nodeMillis = nodeMillis;
    cluster.nodes.values().forEach(node -> machines.put(node.peer, new Machine(node)));
  }

  Machine machine(int i) {
    return machines.get(cluster.node(i).peer);
  }

  Collection<Machine> machines() {
    return machines.values();
  }

  boolean isOver(Digest digest) {
    return machines.values().stream().allMatch(each -> each.has(digest));
  }

  private long now() {
    return cluster.now();
  }

  private void in(long millis, Runnable what) {
    cluster.schedule(now() + millis, what);
  }

  /** A node with its containerd. */
  final class Machine {
    final Simulation.Node node;
    final Map<Digest, Download> downloads = new LinkedHashMap<>();
    Upstream answers = Upstream.WELL;

    /** To upstream; of a slow leader. */
    Link uplink = new Link(0);

    private final Link up = new Link(nodeMillis);
    private final Link down = new Link(nodeMillis);

    Machine(Simulation.Node node) {
      this.node = node;
    }

    boolean has(Digest digest) {
      return downloads.containsKey(digest) && downloads.get(digest).done;
    }

    /**
     * Of an image of so many layers, as containerd does it.
     *
     * @param atOnce downloads
     */
    void pull(List<Digest> layers, int chunks, int atOnce) {
      Deque<Digest> waiting = new ArrayDeque<>(layers);
      Runnable next =
          new Runnable() {
            @Override
            public void run() {
              Digest layer = waiting.poll();
              if (layer != null) {
                pull(layer, chunks).whenDone = this;
              }
            }
          };
      for (int i = 0; i < atOnce; i++) {
        next.run();
      }
    }

    Download pull(Digest digest, int chunks) {
      Download download =
          downloads.computeIfAbsent(digest, _ -> new Download(this, digest, chunks));
      if (!download.done && !download.asks()) {
        download.ask(false);
      }
      return download;
    }

    /** As by a power cut; what was downloaded stays. */
    void kill() {
      node.kill();
      downloads.values().forEach(Download::killed);
    }

    void start() {
      node.start();
      for (Download each : downloads.values()) {
        if (!each.done) {
          each.ask(false);
        }
      }
    }
  }

  /** What one containerd has of one blob. */
  final class Download {
    final Machine machine;
    final Digest digest;
    final int size;
    int position;
    boolean done;
    long doneAt;
    boolean leads;

    private Runnable whenDone = () -> {};
    private boolean killed;
    private boolean hasGrown;
    private boolean over;
    private long grew;
    private long longestPause;
    private long expected = Long.MIN_VALUE / 2;
    private Relay relay;
    private UpstreamStream fromUpstream;
    private final List<Tail> tails = new ArrayList<>(2);

    Download(Machine machine, Digest digest, int size) {
      this.machine = machine;
      this.digest = digest;
      this.size = size;
    }

    /** From how many links away its bytes come: 0 from upstream, -1 from a circle. */
    int depth() {
      int depth = 0;
      for (Download each = this; each.parent() != null; each = each.parent()) {
        if (++depth > machines.size()) {
          return -1;
        }
      }
      return depth;
    }

    private boolean asks() {
      return relay != null && !killed;
    }

    Download parent() {
      return relay == null || relay.ended || relay.stream == null ? null : relay.stream.parent;
    }

    /** containerd asks its mirror. */
    private void ask(boolean afterUpstream) {
      killed = false;
      over = false;
      leads = false;
      if (afterUpstream) {
        expected = Long.MIN_VALUE / 2;
        List.copyOf(tails).forEach(Tail::giveUp);
      } else {
        expected = now();
      }
      relay = new Relay(this, afterUpstream);
      relay.begin();
    }

    private void goUpstream() {
      longestWait = Math.max(longestWait, now() - Math.max(relay.lastByte, relay.asked));
      if (machine.answers == Upstream.WELL) {
        upstreams.merge(digest, 1, Integer::sum);
      }
      leads = true;
      fromUpstream = new UpstreamStream(this);
      fromUpstream.begin();
    }

    /** The pull fails, and is tried again. */
    private void fail() {
      failedPulls++;
      over = true;
      List.copyOf(tails).forEach(Tail::look);
      Relay failed = relay;
      in(
          BACK_OFF,
          () -> {
            if (!killed && relay == failed) {
              ask(false);
            }
          });
    }

    private void grow() {
      if (hasGrown) {
        longestPause = Math.max(longestPause, now() - grew);
      }
      hasGrown = true;
      grew = now();
      position++;
      if (position == size) {
        done = true;
        doneAt = now();
        machine.node.hold(digest);
        whenDone.run();
      }
      if (!tails.isEmpty()) {
        List.copyOf(tails).forEach(Tail::look);
      }
    }

    private void killed() {
      killed = true;
      hasGrown = false;
      longestPause = 0;
      expected = Long.MIN_VALUE / 2;
      if (relay != null) {
        relay.end();
      }
      fromUpstream = null;
      for (Tail each : List.copyOf(tails)) {
        each.end();
        // The kernel says so for the dead.
        each.tell(() -> each.follower.failed(each, Why.BROKEN));
      }
    }
  }

  private final class UpstreamStream {
    private final Download download;

    UpstreamStream(Download download) {
      this.download = download;
    }

    void begin() {
      switch (download.machine.answers) {
        case WELL -> in(UPSTREAM_DELAY, this::next);
        case REFUSED -> in(UPSTREAM_DELAY, this::refused);
        case BLACK_HOLED -> in(DIAL, this::refused);
      }
    }

    private void next() {
      if (download.fromUpstream == this) {
        double end =
            Math.max(
                upstream.take(now()),
                Math.max(download.machine.uplink.take(now()), download.machine.down.take(now())));
        cluster.schedule((long) Math.ceil(end), this::arrived);
      }
    }

    private void arrived() {
      if (download.fromUpstream == this) {
        download.grow();
        if (!download.done) {
          next();
        }
      }
    }

    private void refused() {
      if (download.fromUpstream == this) {
        download.fromUpstream = null;
        download.ask(true);
      }
    }
  }

  private enum Why {
    NOT_HELD,
    BROKEN,
    UNREACHABLE,
    STALLED
  }

  /** One request of a containerd, answered from others. */
  private final class Relay {
    private final Download download;
    private final boolean afterUpstream;
    private final long asked = now();
    private final Deque<Peer> providers = new ArrayDeque<>();
    private final Set<Peer> tried = new HashSet<>();
    private long lastByte = now();
    private int places;
    private boolean fromFlight;
    private Peer source;
    private Tail stream;
    private boolean waits = true;
    private long flightBound = Long.MAX_VALUE;
    private boolean ended;

    Relay(Download download, boolean afterUpstream) {
      this.download = download;
      this.afterUpstream = afterUpstream;
    }

    private Homes homes() {
      return download.machine.node.homes;
    }

    void begin() {
      in(
          WHOLE_PULL,
          () -> {
            if (waits && !ended) {
              giveUp();
            }
          });
      homes()
          .find(
              download.digest,
              found -> {
                if (ended) {
                  return;
                }
                if (found.isEmpty()) {
                  join();
                } else {
                  fetch(found);
                }
              });
    }

    private void join() {
      places++;
      if (afterUpstream) {
        homes().refused(download.digest, this::placed);
      } else {
        homes().join(download.digest, () -> true, this::placed);
      }
    }

    private void fetch(List<Peer> found) {
      providers.addAll(found);
      next();
    }

    private void next() {
      fromFlight = false;
      Peer provider = providers.poll();
      if (provider == null) {
        complain(false);
      } else {
        tried.add(provider);
        source = provider;
        ask();
      }
    }

    private void complain(boolean unreachable) {
      if (++places > MAX_PLACES) {
        giveUp();
        return;
      }
      homes()
          .complain(
              download.digest, new Complaint(source, unreachable, now() - lastByte), this::placed);
    }

    private void placed(Place place) {
      if (ended) {
        return;
      }
      switch (place) {
        case Place.Follow follow -> follow(follow.parent());
        case Place.Fetch found -> {
          List<Peer> untried = new ArrayList<>(found.providers());
          untried.removeAll(tried);
          if (untried.isEmpty()) {
            giveUp();
          } else {
            fetch(untried);
          }
        }
        case Place.Lead _, Place.Wait _ -> {
          ended = true;
          if (afterUpstream) {
            download.fail();
          } else {
            download.expected = now();
            download.goUpstream();
          }
        }
      }
    }

    private void follow(Peer parent) {
      waits = false;
      boundFlight();
      download.expected = now();
      boolean again = fromFlight && parent.equals(source);
      fromFlight = true;
      source = parent;
      if (again) {
        in(
            SAME_PARENT_PAUSE,
            () -> {
              if (!ended) {
                ask();
              }
            });
      } else {
        ask();
      }
    }

    private void boundFlight() {
      if (flightBound == Long.MAX_VALUE) {
        flightBound = Math.max(now(), lastByte + FLIGHT_WAIT);
        long bound = flightBound;
        cluster.schedule(
            bound,
            () -> {
              if (!ended && flightBound == bound) {
                giveUp();
              }
            });
      }
    }

    private void ask() {
      Machine there = machines.get(source);
      Tail tail = new Tail(there, this);
      stream = tail;
      Peer here = download.machine.node.peer;
      if (isCut(here, source)) {
        in(CONNECT, () -> failed(tail, Why.UNREACHABLE));
        return;
      }
      in(
          1,
          () -> {
            if (there.node.isUp()) {
              tail.begin();
            } else {
              tail.tell(() -> failed(tail, Why.UNREACHABLE));
            }
          });
      tail.watch(fromFlight ? FOLLOWERS_QUIET : Deadlines.DEFAULTS.firstByte().toMillis());
    }

    private void bytes(int at) {
      if (at != download.position) {
        throw new AssertionError("chunk " + at + " for one that is at " + download.position);
      }
      waits = false;
      flightBound = Long.MAX_VALUE;
      lastByte = now();
      homes().reachable(source);
      download.grow();
      if (download.done) {
        ended = true;
      }
    }

    private void failed(Tail tail, Why why) {
      if (ended || stream != tail) {
        return;
      }
      tail.end();
      stream = null;
      boolean unreachable = why == Why.UNREACHABLE || why == Why.STALLED;
      if (fromFlight) {
        if (unreachable) {
          homes().failed(download.digest, source, Failure.UNREACHABLE);
        }
        boundFlight();
        complain(unreachable);
      } else {
        Failure failure = why == Why.NOT_HELD ? Failure.NOT_HELD : Failure.UNREACHABLE;
        homes().failed(download.digest, source, failure);
        boundFlight();
        next();
      }
    }

    private void end() {
      ended = true;
      if (stream != null) {
        stream.end();
        stream = null;
      }
    }

    private void giveUp() {
      end();
      if (places > 0) {
        homes().depart(download.digest);
      }
      if (afterUpstream) {
        download.fail();
      } else {
        download.goUpstream();
      }
    }
  }

  private boolean isCut(Peer one, Peer other) {
    return cluster.cut.between(one, other) || cluster.cut.between(other, one);
  }

  /** What a parent, or a provider, sends. */
  private final class Tail {
    private final Machine there;
    private final Relay follower;
    private Download parent;
    private int at;
    private boolean started;
    private boolean sending;
    private boolean bounded;
    private boolean ended;
    private long sent;

    // The follower's.
    private long lastProgress = now();
    private long longestPause;
    private boolean progressed;

    Tail(Machine there, Relay follower) {
      this.there = there;
      this.follower = follower;
    }

    void begin() {
      if (ended) {
        return;
      }
      Download wanted = follower.download;
      parent =
          there.downloads.computeIfAbsent(
              wanted.digest, _ -> new Download(there, wanted.digest, wanted.size));
      at = wanted.position;
      sent = now();
      parent.tails.add(this);
      look();
    }

    void look() {
      if (ended || sending) {
        return;
      }
      if (!started && !parent.done && (!follower.fromFlight || !canBegin())) {
        if (follower.fromFlight) {
          await();
        } else {
          giveUp();
        }
        return;
      }
      started = true;
      if (parent.position > at) {
        sending = true;
        double end = Math.max(there.up.take(now()), follower.download.machine.down.take(now()));
        cluster.schedule((long) Math.ceil(end) + hop, this::arrived);
      } else if (parent.over) {
        giveUp();
      } else {
        await();
      }
    }

    private boolean canBegin() {
      return parent.hasGrown && parent.position > at && parent.position < parent.size;
    }

    private void arrived() {
      if (ended || isCut(there.node.peer, follower.download.machine.node.peer)) {
        // What is lost is sent again and again, until the follower has had enough.
        return;
      }
      if (at >= parent.position) {
        throw new AssertionError("chunk " + at + " of a parent that has " + parent.position);
      }
      if (progressed) {
        longestPause = Math.max(longestPause, now() - lastProgress);
      }
      progressed = true;
      lastProgress = now();
      sending = false;
      sent = now();
      int chunk = at++;
      if (at == parent.size) {
        end();
      }
      follower.bytes(chunk);
      look();
    }

    private void await() {
      long patience = Math.clamp(3 * parent.longestPause, QUIET, FLIGHT_WAIT - 1_000);
      long grew = parent.hasGrown ? parent.grew : Long.MIN_VALUE / 2;
      long quiet = now() - Math.max(parent.expected, grew);
      long left = patience - Math.max(quiet, now() - sent);
      if (left <= 0) {
        giveUp();
      } else if (!bounded) {
        bounded = true;
        in(
            left,
            () -> {
              bounded = false;
              look();
            });
      }
    }

    void giveUp() {
      if (!ended) {
        end();
        Why why = started ? Why.BROKEN : Why.NOT_HELD;
        tell(() -> follower.failed(this, why));
      }
    }

    /** To the follower. */
    void tell(Runnable what) {
      if (!isCut(there.node.peer, follower.download.machine.node.peer)) {
        in(1, what);
      } else {
        // Its own patience will tell.
        watch(FOLLOWERS_QUIET);
      }
    }

    /** The follower's patience. */
    void watch(long millis) {
      in(
          millis,
          () -> {
            if (follower.ended || follower.stream != this) {
              return;
            }
            long stall = follower.fromFlight ? FOLLOWERS_QUIET : QUIET;
            long bound = progressed ? Math.clamp(4 * longestPause, stall, FLIGHT_WAIT) : stall;
            long left = lastProgress + bound - now();
            if (left <= 0) {
              follower.failed(this, Why.STALLED);
            } else {
              watch(left);
            }
          });
    }

    void end() {
      ended = true;
      if (parent != null) {
        parent.tails.remove(this);
      }
    }
  }
}
