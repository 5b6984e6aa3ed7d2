package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Asks the homes of a digest or a tag, one after the other, until one knows. The next is asked
 * where one fails, does not answer in time, or is young and knows nobody.
 */
final class Lookups {

  private final Settings settings;
  private final Peer self;
  private final Timers timers;
  private final Wire wire;
  private final Breakers breakers;
  private final Demotions demotions;
  private final Shards shards;
  private final Table table;
  private final Announcer announcer;
  private final BooleanSupplier young;
  private final Random random;

  private int underWay;
  private long count;
  private long timeouts;

  Lookups(
      Settings settings,
      Peer self,
      Timers timers,
      Wire wire,
      Breakers breakers,
      Demotions demotions,
      Shards shards,
      Table table,
      Announcer announcer,
      BooleanSupplier young,
      Random random) {
    this.settings = settings;
    this.self = self;
    this.timers = timers;
    this.wire = wire;
    this.breakers = breakers;
    this.demotions = demotions;
    this.shards = shards;
    this.table = table;
    this.announcer = announcer;
    this.young = young;
    this.random = random;
  }

  void find(Digest digest, Consumer<List<Peer>> answer) {
    new Lookup<>(
            shards.homes(Shards.of(digest)),
            new Message.Find(digest),
            () -> new Message.Providers(0, young.getAsBoolean(), table.find(digest, self)),
            reply -> providers(digest, reply),
            settings.times().lookup(),
            answer)
        .start();
  }

  void find(Tag tag, Consumer<List<TagRecord>> answer) {
    new Lookup<>(
            shards.homes(Shards.of(tag)),
            new Message.FindTag(tag),
            () -> new Message.Tags(0, young.getAsBoolean(), table.seen(tag)),
            this::tags,
            // Asked where upstream has failed: without an answer the pull fails.
            settings.times().place(),
            found -> answer.accept(withOwn(tag, found)))
        .start();
  }

  long count() {
    return count;
  }

  long timeouts() {
    return timeouts;
  }

  /** What a home found, and whether another may know more. */
  private record Found<T>(List<T> list, boolean another) {}

  /** Null where the reply is none to this question. */
  private Found<Peer> providers(Digest digest, Message.Reply reply) {
    if (!(reply instanceof Message.Providers providers)) {
      return null;
    }
    List<Peer> usable = new ArrayList<>();
    for (Peer peer : providers.providers()) {
      if (!peer.equals(self)
          && !breakers.isOpen(peer)
          && !demotions.isLeftOut(digest, peer)
          && !usable.contains(peer)) {
        usable.add(peer);
      }
    }
    usable.sort(Comparator.comparing(peer -> demotions.isLast(digest, peer)));
    boolean another = providers.young() || !providers.providers().isEmpty();
    return new Found<>(
        List.copyOf(usable.subList(0, Math.min(usable.size(), settings.limits().answer()))),
        another);
  }

  private Found<TagRecord> tags(Message.Reply reply) {
    if (!(reply instanceof Message.Tags tags)) {
      return null;
    }
    long now = timers.millis();
    List<TagRecord> records =
        tags.tags().stream()
            .map(
                each ->
                    new TagRecord(
                        each.digest(),
                        now - Math.clamp(each.ageMillis(), 0, Message.MAX_AGE_MILLIS),
                        each.peer()))
            .toList();
    return new Found<>(records, tags.young());
  }

  private List<TagRecord> withOwn(Tag tag, List<TagRecord> found) {
    List<TagRecord> all = new ArrayList<>(found);
    TagRecord own = announcer.own(tag);
    if (own != null) {
      all.removeIf(each -> each.peer().equals(self));
      all.add(own);
    }
    all.sort(Comparator.comparingLong(TagRecord::seenMillis).reversed());
    Set<Digest> known = new HashSet<>();
    return all.stream()
        .filter(each -> known.add(each.digest()))
        .limit(settings.limits().answer())
        .toList();
  }

  /** What this node knows as a home itself. */
  private interface Here {
    Message.Reply answer();
  }

  private final class Lookup<T> {
    private final List<Peer> homes;
    private final Message.Request question;
    private final Here here;
    private final Function<Message.Reply, Found<T>> read;
    private final long bound;
    private final Consumer<List<T>> answer;

    private final Deque<Peer> next = new ArrayDeque<>();
    private int open;
    private long deadline;
    private Timers.Timer end;
    private boolean ended;

    Lookup(
        List<Peer> homes,
        Message.Request question,
        Here here,
        Function<Message.Reply, Found<T>> read,
        long bound,
        Consumer<List<T>> answer) {
      this.homes = homes;
      this.question = question;
      this.here = here;
      this.read = read;
      this.bound = bound;
      this.answer = answer;
    }

    void start() {
      count++;
      if (homes.contains(self)) {
        Found<T> found = read.apply(here.answer());
        if (!found.list.isEmpty() || !found.another) {
          answer.accept(found.list);
          return;
        }
      }
      List<Peer> others = new ArrayList<>(homes);
      others.removeIf(home -> home.equals(self) || breakers.isOpen(home));
      if (others.isEmpty() || underWay >= settings.limits().lookups()) {
        answer.accept(List.of());
        return;
      }
      // Any of them knows: so the askers of one digest spread over its homes.
      Collections.rotate(others, random.nextInt(others.size()));
      next.addAll(others);
      underWay++;
      deadline = timers.millis() + 2 * bound;
      end = timers.at(deadline, () -> end(List.of()));
      askNext();
    }

    private void askNext() {
      if (ended) {
        return;
      }
      long now = timers.millis();
      Peer home = now < deadline ? next.poll() : null;
      if (home == null) {
        if (open == 0) {
          end(List.of());
        }
        return;
      }
      open++;
      Timers.Timer late = timers.at(Math.min(deadline, now + bound), () -> late(home));
      wire.ask(home, question, deadline - now, reply -> answered(late, reply), () -> failed(late));
    }

    private void late(Peer home) {
      timeouts++;
      breakers.failed(home);
      if (next.isEmpty()) {
        end(List.of());
      } else {
        askNext();
      }
    }

    private void answered(Timers.Timer late, Message.Reply reply) {
      Found<T> found = read.apply(reply);
      if (found == null) {
        failed(late);
        return;
      }
      boolean last = late.pending();
      late.cancel();
      open--;
      if (!found.list.isEmpty() || !found.another) {
        end(found.list);
      } else if (last || open == 0) {
        askNext();
      }
    }

    private void failed(Timers.Timer late) {
      boolean last = late.pending();
      late.cancel();
      open--;
      if (last || open == 0) {
        askNext();
      }
    }

    private void end(List<T> found) {
      if (!ended) {
        ended = true;
        underWay--;
        end.cancel();
        answer.accept(found);
      }
    }
  }
}
