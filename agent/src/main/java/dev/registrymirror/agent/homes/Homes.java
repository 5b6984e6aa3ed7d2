package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Who holds what, in one hop: each digest and tag belongs to one of 4,096 shards, and each shard
 * lives on the three nodes of the roster that rank highest for it. They are its homes.
 *
 * <p>A pure state machine: clock, transport and alarm are injected. Confined to one thread, on
 * which the transport also tells outcomes; nothing blocks. Callbacks may call back into it.
 */
public final class Homes {

  /**
   * @param self this node; it need not be in the roster to read and to announce
   * @param clockMillis never goes back, as {@code System.nanoTime()} in ms does not; the origin is
   *     of no matter
   * @param incarnation greater at every start of this node, such as the wall clock in ms; also
   *     seeds the choices made at random
   */
  public Homes(
      Settings settings,
      Peer self,
      LongSupplier clockMillis,
      Transport transport,
      Alarm alarm,
      long incarnation) {}

  /** The roster as it is now, whole; with or without this node, which is always a member. */
  public void roster(Collection<Peer> members) {
    throw new UnsupportedOperationException();
  }

  /** This node holds {@code digest}. Saying it again is harmless. */
  public void advertise(Digest digest) {
    throw new UnsupportedOperationException();
  }

  /** This node no longer holds {@code digest}. */
  public void withdraw(Digest digest) {
    throw new UnsupportedOperationException();
  }

  /**
   * This node has {@code tag}, and upstream gave {@code digest} for it at {@code seenMillis} on the
   * injected clock; that may be negative.
   */
  public void advertiseTag(Tag tag, Digest digest, long seenMillis) {
    throw new UnsupportedOperationException();
  }

  /** This node no longer has {@code tag}. */
  public void withdrawTag(Tag tag) {
    throw new UnsupportedOperationException();
  }

  /**
   * Finds up to {@link Settings#maxAnswer} providers, never this node: same zone first, failed ones
   * last. {@code answer} is called exactly once, within twice {@link Settings#lookup}; before this
   * returns where this node is a home and knows. Empty: nobody, or no home answered.
   */
  public void find(Digest digest, Consumer<List<Peer>> answer) {
    throw new UnsupportedOperationException();
  }

  /** As {@link #find}: what the tag points to, newest first, each digest once; also this node's. */
  public void findTag(Tag tag, Consumer<List<TagRecord>> answer) {
    throw new UnsupportedOperationException();
  }

  /** {@code provider} did not give {@code digest}: remembered here and told to the homes. */
  public void failed(Digest digest, Peer provider, Failure failure) {
    throw new UnsupportedOperationException();
  }

  /** {@code peer} answered something, be it a 404: closes its breaker. */
  public void reachable(Peer peer) {
    throw new UnsupportedOperationException();
  }

  /**
   * Answers another agent. Total: no well-formed message makes it throw, and what it keeps is
   * bounded.
   *
   * @param from who asks, with its zone; need not be in the roster
   */
  public Message.Reply receive(Peer from, Message.Request request) {
    throw new UnsupportedOperationException();
  }

  /** Does what is due. To be called when the {@link Alarm} asks for it; earlier is harmless. */
  public void tick() {
    throw new UnsupportedOperationException();
  }

  /**
   * This node is stopping: withdraws what it holds and hands its shards over. {@code done} is
   * called once, within twice {@link Settings#request}. Lookups are answered as before until then.
   */
  public void leave(Runnable done) {
    throw new UnsupportedOperationException();
  }

  public Stats stats() {
    throw new UnsupportedOperationException();
  }
}
