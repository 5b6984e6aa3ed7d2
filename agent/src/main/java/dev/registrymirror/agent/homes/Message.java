package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.util.List;
import java.util.Optional;

/**
 * What agents say to each other about who holds what. Every list is bounded: see {@link Settings}.
 *
 * <p>The sender is no part of a message: it travels beside it, with its zone.
 */
public sealed interface Message {

  /** At most so many digests, tags and withdrawals together in one message. */
  int MAX_ENTRIES = 4_096;

  /** At most so many providers of one digest, or records of one tag, in one message. */
  int MAX_PROVIDERS = 128;

  /** Ages of tags are cut off here, in milliseconds: ten years. */
  long MAX_AGE_MILLIS = 315_360_000_000L;

  /** Asked of another agent; each is answered with one {@link Reply}. */
  sealed interface Request extends Message {}

  /** The answer to a {@link Request}. */
  sealed interface Reply extends Message {
    /** The incarnation of who answers: a new one tells that it restarted and forgot everything. */
    long incarnation();
  }

  /**
   * A provider tells a home what it holds, as changes to what the home knows already. Also the
   * periodic check, then without a change.
   *
   * @param incarnation the provider's; greater at each of its starts
   * @param base the last sequence that the home has confirmed: these are all changes after it. A
   *     home that does not know that much asks for everything
   * @param sequence the number of this message; greater in each message to this home
   * @param reset everything follows, beginning with this message: what the home knew and does not
   *     appear again is gone with the message that is {@code complete}
   * @param complete nothing more follows for now
   */
  record Announce(
      long incarnation,
      long base,
      long sequence,
      boolean reset,
      boolean complete,
      List<Digest> held,
      List<Digest> withdrawn,
      List<HeldTag> heldTags,
      List<Tag> withdrawnTags)
      implements Request {
    public Announce {
      held = List.copyOf(held);
      withdrawn = List.copyOf(withdrawn);
      heldTags = List.copyOf(heldTags);
      withdrawnTags = List.copyOf(withdrawnTags);
    }
  }

  /**
   * A tag that the sender has.
   *
   * @param ageMillis how long ago upstream was seen to give that digest, when this was sent
   */
  record HeldTag(Tag tag, Digest digest, long ageMillis) {}

  /** The sender has started and knows nothing: send everything that it is a home for. */
  record Hello(long incarnation) implements Request {}

  /** The sender is stopping and provides nothing any more. */
  record Leave(long incarnation) implements Request {}

  /** Who holds that digest? */
  record Find(Digest digest) implements Request {}

  /** What does that tag point to? */
  record FindTag(Tag tag) implements Request {}

  /** {@code provider} did not give {@code digest}. */
  record Report(Digest digest, Peer provider, Failure failure) implements Request {}

  /**
   * Nobody has the digest: which place has the sender in its flight?
   *
   * @param refused upstream refused the sender, which led
   * @param leads how many flights the sender leads
   * @param complaint about the parent that the sender was given before
   */
  record Join(Digest digest, boolean refused, int leads, Optional<Complaint> complaint)
      implements Request {}

  /**
   * A follower tells how it gets on, and is answered with its place: {@link Place.Wait} to go on as
   * it does.
   *
   * @param position bytes that it has
   * @param size of the whole blob
   * @param upstreamRate bytes a second that this node has lately got from upstream for one
   *     download, 0 where it does not know
   */
  record Progress(Digest digest, long position, long size, long upstreamRate) implements Request {}

  /** The sender asks for the digest no longer. */
  record Depart(Digest digest) implements Request {}

  /** What a home that is stopping knew, for those that become homes in its place. */
  record HandOver(List<Holding> holdings, List<TagHolding> tagHoldings) implements Request {
    public HandOver {
      holdings = List.copyOf(holdings);
      tagHoldings = List.copyOf(tagHoldings);
    }
  }

  /** Those who hold a digest. */
  record Holding(Digest digest, List<Peer> providers) {
    public Holding {
      providers = List.copyOf(providers);
    }
  }

  /** The nodes that have a tag. */
  record TagHolding(Tag tag, List<SeenTag> seen) {
    public TagHolding {
      seen = List.copyOf(seen);
    }
  }

  /** What a tag points to on a node; the age as in {@link HeldTag}. */
  record SeenTag(Digest digest, long ageMillis, Peer peer) {}

  /**
   * Answers {@link Announce}.
   *
   * @param provider the provider's incarnation that this home knows; greater than the sender's
   *     where the sender's clock went back: it takes a greater one then
   * @param sequence the last that was applied
   * @param resync send everything: something is missing here
   */
  record Announced(long incarnation, long provider, long sequence, boolean resync)
      implements Reply {}

  /**
   * Answers {@link Find}: same zone first, least recently handed out first, failed ones last.
   *
   * @param young this home has started, or the roster has changed, so lately that it may not know
   *     everything yet: ask another, if nothing is found
   */
  record Providers(long incarnation, boolean young, List<Peer> providers) implements Reply {
    public Providers {
      providers = List.copyOf(providers);
    }
  }

  /** Answers {@link FindTag}, newest first, each digest once. */
  record Tags(long incarnation, boolean young, List<SeenTag> tags) implements Reply {
    public Tags {
      tags = List.copyOf(tags);
    }
  }

  /** Answers {@link Join}. */
  record Joined(long incarnation, Place place) implements Reply {}

  /** Answers everything that needs no more than to have been heard. */
  record Noted(long incarnation) implements Reply {}

  /** Answers what a newer release asks and this one does not know. */
  record Unsupported(long incarnation) implements Reply {}

  /** A request of a newer release; only ever decoded. */
  record Unknown() implements Request {}
}
