package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.bounds.BoundedMap;
import dev.registrymirror.agent.oci.Digest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Asks the home of a digest for a place in its flight: the first home that answers, so that all ask
 * the same one.
 *
 * <p>First asks go one after the other: what each tells of how many flights this node leads is then
 * true, and the leaders of one image's layers spread over the nodes.
 */
final class Joins {

  /** A flight that this node leads counts for so long, in milliseconds, unless it ends before. */
  static final long LED = 120_000;

  /** Beyond so many the oldest do not count. */
  static final int MAX_LED = 256;

  /** A home that lets this node wait longer than it may goes unheard. */
  private static final int MAX_WAITS = (int) (2 * Flights.REFUSED / Flights.ROUND);

  private final Settings settings;
  private final Peer self;
  private final Timers timers;
  private final Wire wire;

  /**
   * Homes that gave no place in time. Apart from those that answer other things late, as nodes that
   * turn to different homes would each lead.
   */
  private final Breakers silent;

  private final Shards shards;
  private final Flights flights;

  /** Since when this node leads. */
  private final Map<Digest, Long> led = new BoundedMap<>(MAX_LED);

  private final Deque<Ask> waiting = new ArrayDeque<>();
  private boolean asking;

  private record Ask(Digest digest, BooleanSupplier yields, Consumer<Place> answer) {}

  Joins(Settings settings, Peer self, Timers timers, Wire wire, Shards shards, Flights flights) {
    this.settings = settings;
    this.self = self;
    this.timers = timers;
    this.wire = wire;
    this.silent = new Breakers(timers, settings);
    this.shards = shards;
    this.flights = flights;
  }

  /**
   * Asks for the first time; never answers {@link Place.Wait}.
   *
   * @param yields whether another may lead in this node's place where it leads others already;
   *     asked when it matters
   */
  void join(Digest digest, BooleanSupplier yields, Consumer<Place> answer) {
    if (waiting.size() >= settings.limits().lookups()) {
      answer.accept(Place.LEAD);
      return;
    }
    waiting.add(new Ask(digest, yields, answer));
    next();
  }

  private void next() {
    if (asking || waiting.isEmpty()) {
      return;
    }
    asking = true;
    Ask ask = waiting.poll();
    int leads = leads();
    ask(
        new Message.Join(
            ask.digest,
            false,
            leads > 0 && ask.yields.getAsBoolean() ? leads : 0,
            Optional.empty()),
        place -> {
          asking = false;
          if (place instanceof Place.Wait wait) {
            timers.in(
                wait.millis(),
                () -> {
                  waiting.add(ask);
                  next();
                });
          } else {
            ask.answer.accept(place);
          }
          next();
        });
  }

  /** The parent given before is of no more use; never answers {@link Place.Wait}. */
  void complain(Digest digest, Complaint complaint, Consumer<Place> answer) {
    askUntilPlaced(digest, false, Optional.of(complaint), MAX_WAITS, answer);
  }

  /** Upstream refused this node; never answers {@link Place.Wait}. */
  void refused(Digest digest, Consumer<Place> answer) {
    led.remove(digest);
    askUntilPlaced(digest, true, Optional.empty(), MAX_WAITS, answer);
  }

  private void askUntilPlaced(
      Digest digest,
      boolean refused,
      Optional<Complaint> complaint,
      int waits,
      Consumer<Place> answer) {
    ask(
        new Message.Join(digest, refused, leads(), complaint),
        place -> {
          if (!(place instanceof Place.Wait wait)) {
            answer.accept(place);
          } else if (waits == 0) {
            answer.accept(Place.LEAD);
          } else {
            timers.in(
                wait.millis(), () -> askUntilPlaced(digest, refused, complaint, waits - 1, answer));
          }
        });
  }

  /** How a download gets on that this node follows; without an answer it goes on. */
  void progress(Message.Progress progress, Consumer<Place> answer) {
    Consumer<Place> steered =
        place -> {
          if (place instanceof Place.Lead) {
            led.put(progress.digest(), timers.millis());
          }
          answer.accept(place);
        };
    home(progress.digest())
        .ifPresent(
            home -> {
              if (home.equals(self)) {
                steered.accept(flights.progress(self, progress));
              } else {
                wire.ask(
                    home,
                    progress,
                    settings.times().request(),
                    reply -> {
                      if (reply instanceof Message.Joined joined && isUsable(joined.place())) {
                        steered.accept(joined.place());
                      }
                    },
                    () -> silent.failed(home));
              }
            });
  }

  /** This node asks for the digest no longer. */
  void depart(Digest digest) {
    home(digest)
        .ifPresent(
            home -> {
              if (home.equals(self)) {
                flights.depart(self, digest);
              } else {
                wire.tell(home, new Message.Depart(digest), settings.times().request());
              }
            });
  }

  /** The first that answers, as far as is known. */
  private Optional<Peer> home(Digest digest) {
    return shards.homes(Shards.of(digest)).stream()
        .filter(home -> home.equals(self) || !silent.isOpen(home))
        .findFirst();
  }

  /** This node holds the digest: it leads there no longer. */
  void landed(Digest digest) {
    led.remove(digest);
  }

  /** How many flights this node leads. */
  int leads() {
    long now = timers.millis();
    led.values().removeIf(since -> now - since > LED);
    return led.size();
  }

  private void ask(Message.Join join, Consumer<Place> answer) {
    ask(new ArrayDeque<>(shards.homes(Shards.of(join.digest()))), join, answer);
  }

  private void ask(Deque<Peer> homes, Message.Join join, Consumer<Place> answer) {
    Peer home = homes.poll();
    if (home == null) {
      // Without a home everybody goes upstream: as ever without a mirror.
      answered(join, Place.LEAD, answer);
    } else if (home.equals(self)) {
      answered(join, flights.join(self, join), answer);
    } else if (silent.isOpen(home)) {
      ask(homes, join, answer);
    } else {
      wire.ask(
          home,
          join,
          settings.times().place(),
          reply -> {
            silent.succeeded(home);
            if (reply instanceof Message.Joined joined && isUsable(joined.place())) {
              answered(join, joined.place(), answer);
            } else {
              ask(homes, join, answer);
            }
          },
          () -> {
            silent.failed(home);
            ask(homes, join, answer);
          });
    }
  }

  private boolean isUsable(Place place) {
    return switch (place) {
      case Place.Lead _ -> true;
      case Place.Wait wait -> wait.millis() >= 0 && wait.millis() <= Flights.ROUND;
      case Place.Follow follow -> !follow.parent().equals(self);
      case Place.Fetch fetch -> isOfOthers(fetch.providers());
    };
  }

  private boolean isOfOthers(List<Peer> providers) {
    return !providers.isEmpty() && !providers.contains(self);
  }

  private void answered(Message.Join join, Place place, Consumer<Place> answer) {
    if (place instanceof Place.Lead && !join.refused()) {
      led.put(join.digest(), timers.millis());
    }
    answer.accept(place);
  }
}
