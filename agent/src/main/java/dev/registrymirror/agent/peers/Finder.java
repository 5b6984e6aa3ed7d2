package dev.registrymirror.agent.peers;

import dev.registrymirror.agent.homes.Complaint;
import dev.registrymirror.agent.homes.Failure;
import dev.registrymirror.agent.homes.Homes;
import dev.registrymirror.agent.homes.Message;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.homes.Place;
import dev.registrymirror.agent.homes.Settings;
import dev.registrymirror.agent.homes.Stats;
import dev.registrymirror.agent.homes.TagRecord;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.telemetry.Log;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Finds who holds what: {@link Homes} on one event loop, with that loop's timer and the wire to the
 * other agents. May be called from any thread; answers come on the caller's loop.
 */
public final class Finder {

  private static final Log log = Log.of("peers");

  private final EventLoop loop;
  private final Homes homes;
  private Future<?> alarm;

  /** As of the last tick; read by whoever tells of it. */
  private volatile Stats stats;

  public Finder(EventLoop loop, Settings settings, Peer self, PeerClient client, long incarnation) {
    this.loop = loop;
    this.homes =
        loop.submit(
                () ->
                    new Homes(
                        settings,
                        self,
                        Finder::nowMillis,
                        // Not within Homes' own call: an outcome may be known at once.
                        (to, request, withinMillis, outcome) ->
                            loop.execute(
                                () -> client.send(loop, to, request, withinMillis, outcome)),
                        this::wake,
                        incarnation))
            .syncUninterruptibly()
            .getNow();
    this.stats = homes.stats();
  }

  /** The clock of {@link Homes}: never goes back. */
  static long nowMillis() {
    return System.nanoTime() / 1_000_000;
  }

  private void wake(long atMillis) {
    if (alarm != null) {
      alarm.cancel(false);
    }
    alarm = loop.schedule(this::tick, Math.max(0, atMillis - nowMillis()), TimeUnit.MILLISECONDS);
  }

  private void tick() {
    try {
      homes.tick();
    } catch (RuntimeException e) {
      // Nobody looks at a timer's outcome.
      log.error("timer failed", e);
    }
    stats = homes.stats();
  }

  /** See {@link Homes#find}; answered on {@code caller}. */
  public void find(EventLoop caller, Digest digest, Consumer<List<Peer>> answer) {
    on(loop, () -> homes.find(digest, found -> on(caller, () -> answer.accept(found))));
  }

  /** See {@link Homes#findTag}; answered on {@code caller}. */
  public void findTag(EventLoop caller, Tag tag, Consumer<List<TagRecord>> answer) {
    on(loop, () -> homes.findTag(tag, found -> on(caller, () -> answer.accept(found))));
  }

  /** See {@link Homes#join}; answered on {@code caller}. */
  public void join(
      EventLoop caller, Digest digest, BooleanSupplier yields, Consumer<Place> answer) {
    on(loop, () -> homes.join(digest, yields, place -> on(caller, () -> answer.accept(place))));
  }

  /** See {@link Homes#complain}; answered on {@code caller}. */
  public void complain(
      EventLoop caller, Digest digest, Complaint complaint, Consumer<Place> answer) {
    on(
        loop,
        () -> homes.complain(digest, complaint, place -> on(caller, () -> answer.accept(place))));
  }

  /** See {@link Homes#refused}; answered on {@code caller}. */
  public void refused(EventLoop caller, Digest digest, Consumer<Place> answer) {
    on(loop, () -> homes.refused(digest, place -> on(caller, () -> answer.accept(place))));
  }

  /** See {@link Homes#progress}; answered on {@code caller}. */
  public void progress(EventLoop caller, Message.Progress progress, Consumer<Place> answer) {
    on(loop, () -> homes.progress(progress, place -> on(caller, () -> answer.accept(place))));
  }

  /** See {@link Homes#depart}. */
  public void depart(Digest digest) {
    on(loop, () -> homes.depart(digest));
  }

  private static void on(EventLoop where, Runnable action) {
    if (where.inEventLoop()) {
      action.run();
    } else {
      where.execute(action);
    }
  }

  /** See {@link Homes#failed}. */
  public void failed(Digest digest, Peer provider, Failure failure) {
    on(loop, () -> homes.failed(digest, provider, failure));
  }

  /** See {@link Homes#reachable}. */
  public void reachable(Peer peer) {
    on(loop, () -> homes.reachable(peer));
  }

  /** See {@link Homes#roster}. */
  public void roster(Collection<Peer> members) {
    loop.execute(() -> homes.roster(members));
  }

  /** See {@link Homes#advertise}. */
  public void advertise(Digest digest) {
    loop.execute(() -> homes.advertise(digest));
  }

  /** See {@link Homes#withdraw}. */
  public void withdraw(Digest digest) {
    loop.execute(() -> homes.withdraw(digest));
  }

  /**
   * This node has the tag.
   *
   * @param age since it was seen to point there
   */
  public void advertiseTag(Tag tag, Digest digest, Duration age) {
    loop.execute(() -> homes.advertiseTag(tag, digest, nowMillis() - age.toMillis()));
  }

  /** See {@link Homes#withdrawTag}. */
  public void withdrawTag(Tag tag) {
    loop.execute(() -> homes.withdrawTag(tag));
  }

  /** See {@link Homes#receive}; the reply comes on {@code caller}. */
  public void receive(
      EventLoop caller, Peer from, Message.Request request, Consumer<Message.Reply> reply) {
    on(
        loop,
        () -> {
          Message.Reply said = homes.receive(from, request);
          on(caller, () -> reply.accept(said));
        });
  }

  /** See {@link Homes#leave}. */
  public CompletableFuture<Void> leave() {
    CompletableFuture<Void> left = new CompletableFuture<>();
    loop.execute(() -> homes.leave(() -> left.complete(null)));
    return left;
  }

  /** See {@link Homes#stats}: as they were when something was last due, at most seconds ago. */
  public Stats stats() {
    return stats;
  }
}
