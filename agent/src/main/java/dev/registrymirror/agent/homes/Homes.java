package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Who holds what, in one hop: each digest and tag belongs to one of 4,096 shards, and each shard
 * lives on the three nodes of the roster that rank highest for it. They are its homes.
 *
 * <p>A pure state machine: clock, transport and alarm are injected. Confined to one thread, on
 * which the transport also tells outcomes; nothing blocks. Callbacks may call back into it.
 *
 * <p>What each part does: {@link Shards} says who the homes are, {@link Announcer} tells them what
 * this node holds, {@link Table} keeps what others tell this node as a home, {@link Lookups} asks.
 * Of downloads under way {@link Flights} knows as a home, and {@link Joins} asks.
 */
public final class Homes {

  private final Settings settings;
  private final Peer self;
  private final Timers timers;
  private final Wire wire;
  private final Breakers breakers;
  private final Demotions demotions;
  private final Shards shards = new Shards();
  private final Roll roll;
  private final Table table;
  private final Announcer announcer;
  private final Lookups lookups;
  private final Flights flights;
  private final Joins joins;

  /** At most so often is a node greeted that does not answer. */
  private static final int MAX_GREETINGS = 5;

  private record Greeting(Peer peer, int before) {}

  private final Deque<Greeting> toGreet = new ArrayDeque<>();
  private boolean greeting;
  private final long greetUntil;
  private long youngUntil;
  private boolean leaving;

  /**
   * @param self this node; it need not be in the roster to read and to announce
   * @param clockMillis never goes back, as {@code System.nanoTime()} in ms does not; the origin is
   *     of no matter
   * @param incarnation above 0, and greater at every start of this node, such as the wall clock in
   *     ms; also seeds the choices made at random
   */
  public Homes(
      Settings settings,
      Peer self,
      LongSupplier clockMillis,
      Transport transport,
      Alarm alarm,
      long incarnation) {
    this.settings = settings;
    this.self = self;
    timers = new Timers(clockMillis, alarm);
    breakers = new Breakers(timers, settings);
    wire = new Wire(transport, timers, breakers);
    demotions = new Demotions(timers);
    roll = new Roll(timers, settings, shards, this::rosterChanged);
    table = new Table(timers, settings, demotions);
    Random random = new Random(incarnation ^ Shards.hash(self.address()));
    announcer =
        new Announcer(settings, self, timers, wire, breakers, shards, table, random, incarnation);
    lookups =
        new Lookups(
            settings,
            self,
            timers,
            wire,
            breakers,
            demotions,
            shards,
            table,
            announcer,
            this::young,
            random);
    flights = new Flights(timers, table, settings);
    joins = new Joins(settings, self, timers, wire, shards, flights);
    youngUntil = timers.millis() + settings.times().young();
    greetUntil = youngUntil;
    expire();
  }

  /**
   * The roster as it is now, whole. Who comes counts at once; who is missing counts as gone after
   * {@link Settings.Times#removalDebounce}. While it lacks this node, this node is nobody's home.
   */
  public void roster(Collection<Peer> members) {
    roll.roster(members);
  }

  /** This node holds {@code digest}. Saying it again is harmless. */
  public void advertise(Digest digest) {
    announcer.advertise(digest);
    joins.landed(digest);
  }

  /** This node no longer holds {@code digest}. */
  public void withdraw(Digest digest) {
    announcer.withdraw(digest);
  }

  /**
   * This node has {@code tag}, and upstream gave {@code digest} for it at {@code seenMillis} on the
   * injected clock; that may be negative.
   */
  public void advertiseTag(Tag tag, Digest digest, long seenMillis) {
    announcer.advertise(tag, digest, seenMillis);
  }

  /** This node no longer has {@code tag}. */
  public void withdrawTag(Tag tag) {
    announcer.withdraw(tag);
  }

  /**
   * Finds up to {@link Settings.Limits#answer} providers, never this node: same zone first, then
   * those least recently handed out, failed ones last. {@code answer} is called exactly once,
   * within twice {@link Settings.Times#lookup}; before this returns where this node is a home and
   * knows. Empty: nobody, or no home answered.
   */
  public void find(Digest digest, Consumer<List<Peer>> answer) {
    lookups.find(digest, answer);
  }

  /**
   * As {@link #find}, but within twice {@link Settings.Times#place}: what the tag points to, newest
   * first, each digest once; also this node's.
   */
  public void findTag(Tag tag, Consumer<List<TagRecord>> answer) {
    lookups.find(tag, answer);
  }

  /**
   * Nobody has {@code digest}, and this node's containerd asks for it: by which way does it come?
   * Where {@code yields} says so and this node leads others already, another may lead in its place.
   * {@code answer} is called exactly once, never with {@link Place.Wait}. Where no home answers
   * this node leads.
   */
  public void join(Digest digest, BooleanSupplier yields, Consumer<Place> answer) {
    joins.join(digest, yields, answer);
  }

  /** As {@link #join}, where the parent or provider that was given before is of no more use. */
  public void complain(Digest digest, Complaint complaint, Consumer<Place> answer) {
    joins.complain(digest, complaint, answer);
  }

  /**
   * As {@link #join}, where this node led and upstream refused it. Answered {@link Place.Lead}
   * where nobody else can be followed.
   */
  public void refused(Digest digest, Consumer<Place> answer) {
    joins.refused(digest, answer);
  }

  /**
   * This node follows and gets on like this. {@code answer} is called at most once, with {@link
   * Place.Wait} where it should go on as it does.
   */
  public void progress(Message.Progress progress, Consumer<Place> answer) {
    joins.progress(progress, answer);
  }

  /** This node's containerd asks for {@code digest} no longer, and does not hold it. */
  public void depart(Digest digest) {
    joins.depart(digest);
  }

  /** {@code provider} did not give {@code digest}: remembered here and told to the homes. */
  public void failed(Digest digest, Peer provider, Failure failure) {
    switch (failure) {
      case UNREACHABLE -> breakers.failed(provider);
      case NOT_HELD, CORRUPT -> {
        breakers.succeeded(provider);
        demotions.add(digest, provider, failure);
      }
      case STALLED -> demotions.add(digest, provider, failure);
    }
    for (Peer home : shards.homes(Shards.of(digest))) {
      if (home.equals(self)) {
        reported(digest, provider, failure);
      } else if (!home.equals(provider) && !breakers.isOpen(home)) {
        wire.tell(home, new Message.Report(digest, provider, failure), settings.times().request());
      }
    }
  }

  /** {@code peer} answered something, be it a 404: closes its breaker. */
  public void reachable(Peer peer) {
    breakers.succeeded(peer);
  }

  /**
   * Answers another agent. Total: no well-formed message makes it throw, and what it keeps is
   * bounded.
   *
   * @param from who asks, with its zone; need not be in the roster
   */
  public Message.Reply receive(Peer from, Message.Request request) {
    long incarnation = announcer.incarnation();
    return switch (request) {
      case Message.Announce announce -> {
        Table.Applied applied = table.announce(from, announce);
        yield new Message.Announced(
            incarnation, applied.provider(), applied.sequence(), applied.resync());
      }
      case Message.Find find ->
          new Message.Providers(incarnation, young(), table.find(find.digest(), from));
      case Message.FindTag find -> new Message.Tags(incarnation, young(), table.seen(find.tag()));
      case Message.Report report -> {
        reported(report.digest(), report.provider(), report.failure());
        yield new Message.Noted(incarnation);
      }
      case Message.Join join -> new Message.Joined(incarnation, flights.join(from, join));
      case Message.Progress progress ->
          new Message.Joined(incarnation, flights.progress(from, progress));
      case Message.Depart depart -> {
        flights.depart(from, depart.digest());
        yield new Message.Noted(incarnation);
      }
      case Message.Hello hello -> {
        breakers.succeeded(from);
        table.restarted(from, hello.incarnation(), timers.millis() + settings.times().young());
        announcer.greeted(from, hello.incarnation());
        yield new Message.Noted(incarnation);
      }
      case Message.Leave leave -> {
        table.left(from, leave.incarnation());
        yield new Message.Noted(incarnation);
      }
      case Message.HandOver handOver -> {
        table.handedOver(self, from, handOver);
        yield new Message.Noted(incarnation);
      }
      case Message.Unknown _ -> new Message.Unsupported(incarnation);
    };
  }

  /** Does what is due. To be called when the {@link Alarm} asks for it; earlier is harmless. */
  public void tick() {
    timers.run();
  }

  /**
   * This node is stopping: withdraws what it holds and hands its shards over. {@code done} is
   * called once, within twice {@link Settings.Times#request}. Lookups are answered as before until
   * then.
   */
  public void leave(Runnable done) {
    if (leaving) {
      throw new IllegalStateException("leaving already");
    }
    leaving = true;
    announcer.stop();
    toGreet.clear();
    new Farewell(settings, self, timers, wire, breakers).say(announcer, table, shards, done);
  }

  public Stats stats() {
    return new Stats(
        shards.size(),
        announcer.digests(),
        announcer.tags(),
        announcer.pending(),
        table.digests(),
        table.holdings(),
        table.tags(),
        table.providers(),
        joins.leads(),
        breakers.open(),
        table.dropped(),
        lookups.count(),
        lookups.timeouts(),
        announcer.resyncs());
  }

  private void reported(Digest digest, Peer provider, Failure failure) {
    table.report(digest, provider, failure);
    if (failure == Failure.CORRUPT) {
      flights.ground(digest);
    }
  }

  private boolean young() {
    return timers.millis() < youngUntil;
  }

  private void rosterChanged(List<Peer> added, Map<Integer, List<Peer>> former) {
    long now = timers.millis();
    youngUntil = Math.max(youngUntil, now + settings.times().young());
    announcer.moved(former);
    if (now < greetUntil && !leaving) {
      // Later than that, a node that comes has nothing that it could have told a former run.
      for (Peer peer : added) {
        greetLater(new Greeting(peer, 0));
      }
    }
  }

  private void greetLater(Greeting next) {
    if (!next.peer.equals(self) && next.before < MAX_GREETINGS && !leaving) {
      toGreet.add(next);
      if (!greeting) {
        greeting = true;
        timers.in(settings.times().greetPace(), this::greet);
      }
    }
  }

  /** One after the other: what follows on each is everything that it has for this node. */
  private void greet() {
    Greeting next = toGreet.poll();
    greeting = next != null;
    if (next != null) {
      wire.ask(
          next.peer,
          new Message.Hello(announcer.incarnation()),
          settings.times().request(),
          _ -> {},
          () -> greetLater(new Greeting(next.peer, next.before + 1)));
      timers.in(settings.times().greetPace(), this::greet);
    }
  }

  private void expire() {
    Settings.Times times = settings.times();
    table.expire(shards::contains, times.silence(), times.silenceOutside(shards.size()));
    flights.expire();
    timers.in(times.checkPeriod() / 3 + 1, this::expire);
  }
}
