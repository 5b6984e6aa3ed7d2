package dev.registrymirror.agent.homes;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a node does when it stops: it withdraws what it provides, then tells those that become homes
 * in its place what it knew. What time or {@link #MAX_HAND_OVERS} cut short heals as after a crash.
 */
final class Farewell {

  /** So many messages of {@link Settings.Limits#maxMessageBytes}: 16 MiB. */
  static final int MAX_HAND_OVERS = 64;

  private final Settings settings;
  private final Peer self;
  private final Timers timers;
  private final Wire wire;
  private final Breakers breakers;

  private final Deque<Errand> errands = new ArrayDeque<>();
  private int underWay;
  private Timers.Timer end;
  private Runnable done;

  private record Errand(Peer to, Message.Request request) {}

  Farewell(Settings settings, Peer self, Timers timers, Wire wire, Breakers breakers) {
    this.settings = settings;
    this.self = self;
    this.timers = timers;
    this.wire = wire;
    this.breakers = breakers;
  }

  void say(Announcer announcer, Table table, Shards shards, Runnable whenDone) {
    done = whenDone;
    end = timers.in(2 * settings.times().request(), this::end);
    for (Peer home : announcer.homes()) {
      if (!home.equals(self) && !breakers.isOpen(home)) {
        errands.add(new Errand(home, new Message.Leave(announcer.incarnation())));
      }
    }
    handOvers(table, shards);
    run();
  }

  private void handOvers(Table table, Shards shards) {
    Map<Peer, Parcel> parcels = new HashMap<>();
    Map<Integer, Peer> heirs = new HashMap<>();
    int before = errands.size();
    table.forEach(
        self,
        (digest, providers) -> {
          Peer heir = heir(heirs, Shards.of(digest), shards);
          if (heir != null && !providers.isEmpty() && errands.size() - before < MAX_HAND_OVERS) {
            int bytes = Weight.of(digest) + providers.stream().mapToInt(Weight::of).sum();
            parcel(parcels, heir, bytes).holdings.add(new Message.Holding(digest, providers));
          }
        },
        (tag, seen) -> {
          Peer heir = heir(heirs, Shards.of(tag), shards);
          if (heir != null && !seen.isEmpty() && errands.size() - before < MAX_HAND_OVERS) {
            int bytes = seen.stream().mapToInt(each -> Weight.of(tag)).sum();
            bytes += seen.stream().mapToInt(each -> Weight.of(each.peer())).sum();
            parcel(parcels, heir, bytes).tagHoldings.add(new Message.TagHolding(tag, seen));
          }
        });
    parcels.forEach(this::send);
  }

  /** Who becomes a home in this node's place; null: nobody, or this node is none itself. */
  private Peer heir(Map<Integer, Peer> heirs, int shard, Shards shards) {
    return heirs.computeIfAbsent(
        shard, _ -> shards.isHome(self, shard) ? shards.next(shard) : null);
  }

  private Parcel parcel(Map<Peer, Parcel> parcels, Peer heir, int bytes) {
    Parcel parcel = parcels.computeIfAbsent(heir, _ -> new Parcel());
    if (parcel.bytes + bytes > settings.limits().maxMessageBytes()
        || parcel.entries() >= settings.limits().entries()) {
      send(heir, parcel);
      parcel = new Parcel();
      parcels.put(heir, parcel);
    }
    parcel.bytes += bytes;
    return parcel;
  }

  private void send(Peer heir, Parcel parcel) {
    errands.add(new Errand(heir, new Message.HandOver(parcel.holdings, parcel.tagHoldings)));
  }

  private static final class Parcel {
    private final List<Message.Holding> holdings = new ArrayList<>();
    private final List<Message.TagHolding> tagHoldings = new ArrayList<>();
    private int bytes;

    int entries() {
      return holdings.size() + tagHoldings.size();
    }
  }

  private void run() {
    while (underWay < settings.limits().requests() && !errands.isEmpty()) {
      Errand errand = errands.poll();
      underWay++;
      wire.ask(errand.to, errand.request, settings.times().request(), _ -> ended(), this::ended);
    }
    if (underWay == 0) {
      end();
    }
  }

  private void ended() {
    underWay--;
    run();
  }

  private void end() {
    errands.clear();
    end.cancel();
    Runnable told = done;
    done = null;
    if (told != null) {
      told.run();
    }
  }
}
