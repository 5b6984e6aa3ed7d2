package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.bounds.BoundedMap;
import dev.registrymirror.agent.oci.Digest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Downloads under way of digests that nobody has yet, as their home sees them. The first to ask
 * leads: its containerd goes upstream. All others follow: each takes the bytes from a parent that
 * is ahead of it, so that they form a tree with the leader at its root.
 *
 * <p>The home hands out places and hears complaints; it never sees a byte. Whether a parent makes
 * progress is for its followers to judge. Nothing here is told to other homes: where one is lost,
 * the next that asks leads, and one more download is the whole damage.
 */
final class Flights {

  /** The longest unused are forgotten beyond so many. */
  static final int MAX_FLIGHTS = 4_096;

  /** Of all flights together; 250 to 280 bytes each, measured, so 17 MiB at most. */
  static final int MAX_MEMBERS = 65_536;

  /** A flight of which nobody has asked for so long is forgotten, in milliseconds. */
  static final long IDLE = 600_000;

  /** How long a node that leads already is held, so that another may lead, in milliseconds. */
  static final long ROUND = 50;

  /** How often. */
  static final int ROUNDS = 2;

  /** How long a member that failed is nobody's parent, in milliseconds. */
  static final long SHUNNED = 30_000;

  /** How long a leader that upstream refused waits for another to lead, in milliseconds. */
  static final long REFUSED = 1_000;

  /** A digest whose bytes turned out wrong is not flown for so long, in milliseconds. */
  static final long GROUNDED = 600_000;

  /** A follower that could be so many times as fast leads in the place of its leader. */
  static final int FAR_SLOWER = 4;

  /** Told so many times in a row: downloads that share a link share it unevenly for a while. */
  static final int PERSISTS = 3;

  /** What is to be gained by it at least, in milliseconds. */
  static final long WORTH_IT = 5_000;

  /** Between two such changes in one flight, in milliseconds. */
  static final long SETTLED = 30_000;

  /** A follower so many bytes behind its parent, and far slower, gets another. */
  static final long BEHIND = 16 << 20;

  /** Parents that it is given for that reason; then it is itself that is slow. */
  static final int MAX_MOVES = 2;

  /** Rates are taken over so long at least, in milliseconds. */
  static final long SPAN = 3_500;

  private static final Place STAY = new Place.Wait(0);

  /** Parents that a follower has complained of; beyond so many the first are forgiven. */
  static final int MAX_AVOIDED = 8;

  private final Timers timers;
  private final Table table;
  private final long quiet;
  private final int fanOut;

  /** Least recently used first. */
  private final Map<Digest, Flight> flights = new LinkedHashMap<>(16, 0.75f, true);

  /** Until when. */
  private final Map<Digest, Long> grounded = new BoundedMap<>(MAX_FLIGHTS);

  private int members;
  private long joined;

  Flights(Timers timers, Table table, Settings settings) {
    this.timers = timers;
    this.table = table;
    this.quiet = settings.times().quiet();
    this.fanOut = settings.limits().fanOut();
  }

  /** A place for {@code from}. */
  Place join(Peer from, Message.Join join) {
    Digest digest = join.digest();
    List<Peer> holders = new ArrayList<>(table.find(digest, from));
    join.complaint().ifPresent(complaint -> holders.remove(complaint.parent()));
    if (!holders.isEmpty()) {
      Flight landed = flights.get(digest);
      // Another's copy, that may not be had, says nothing of the download.
      if (landed != null && holders.stream().anyMatch(landed.members::containsKey)) {
        end(digest);
      }
      return new Place.Fetch(holders);
    }
    if (isGrounded(digest)) {
      return Place.LEAD;
    }
    Flight flight = flights.computeIfAbsent(digest, _ -> new Flight(timers.millis()));
    Place place = flight.place(from, join);
    while (flights.size() > MAX_FLIGHTS || members > MAX_MEMBERS) {
      end(flights.keySet().iterator().next());
    }
    return place;
  }

  /**
   * A follower tells how it gets on. A leader that is far slower than this follower has lately been
   * upstream is left: the follower leads from where it stands. So is a parent that falls behind.
   */
  Place progress(Peer from, Message.Progress progress) {
    Flight flight = flights.get(progress.digest());
    Member member = flight == null ? null : flight.members.get(from);
    return member == null ? STAY : flight.steer(member, progress);
  }

  /** {@code peer} asks no longer. */
  void depart(Peer peer, Digest digest) {
    Flight flight = flights.get(digest);
    if (flight != null) {
      flight.depart(peer);
      if (flight.members.isEmpty()) {
        end(digest);
      }
    }
  }

  /** Bytes of the digest turned out wrong: whoever asks goes upstream by itself for a while. */
  void ground(Digest digest) {
    end(digest);
    grounded.put(digest, timers.millis() + GROUNDED);
  }

  /** Forgets what nobody has asked for lately. */
  void expire() {
    long now = timers.millis();
    grounded.values().removeIf(until -> until <= now);
    List<Digest> idle =
        flights.entrySet().stream()
            .filter(each -> now - each.getValue().touched > IDLE)
            .map(Map.Entry::getKey)
            .toList();
    idle.forEach(this::end);
  }

  int count() {
    return flights.size();
  }

  private boolean isGrounded(Digest digest) {
    Long until = grounded.get(digest);
    return until != null && timers.millis() < until;
  }

  private void end(Digest digest) {
    Flight flight = flights.remove(digest);
    if (flight != null) {
      members -= flight.members.size();
    }
  }

  /** One that asked. */
  private static final class Member {
    private static final Comparator<Member> ORDER =
        Comparator.<Member>comparingInt(each -> each.depth).thenComparingLong(each -> each.order);

    private final Peer peer;
    private final long order;
    private final Set<Member> children = new HashSet<>(2);
    private final List<Member> avoided = new ArrayList<>(0);
    private Member parent;

    /** How many hops from a leader, or from one that has lost its parent. */
    private int depth;

    /** When it was given its parent, or the lead. */
    private long arranged;

    private boolean leads;
    private boolean refused;
    private long shunnedUntil;

    /** Whose own complaint is waited for. */
    private Member doubted;

    // As it last said; the rate in bytes a second, 0 where it is not known.
    private long position;
    private long saidAt;
    private long rate;

    /** How often in a row its leader was far slower than it need be. */
    private int slow;

    /** Parents that it got for being behind. */
    private int moves;

    Member(Peer peer, long order) {
      this.peer = peer;
      this.order = order;
    }

    /** Notes where it stands; its rate is known from the second time on. */
    void stands(long at, long now) {
      if (saidAt == 0 || at < position) {
        saidAt = now;
        position = at;
      } else if (now - saidAt >= SPAN) {
        rate = (at - position) * 1_000 / (now - saidAt);
        saidAt = now;
        position = at;
      }
    }

    boolean isBelow(Member other) {
      for (Member each = this; each != null; each = each.parent) {
        if (each == other) {
          return true;
        }
      }
      return false;
    }

    /** Whether bytes can be expected of it: it leads, or follows one that does. */
    boolean isFed() {
      Member each = this;
      while (each.parent != null) {
        each = each.parent;
      }
      return each.leads;
    }

    /** When the way of its bytes last changed. */
    long rearranged() {
      long newest = arranged;
      for (Member each = parent; each != null; each = each.parent) {
        newest = Math.max(newest, each.arranged);
      }
      return newest;
    }
  }

  /** The download of one digest. */
  private final class Flight {
    private final long began;
    private final Map<Peer, Member> members = new HashMap<>();

    /** Those with a free slot, by zone. */
    private final Map<String, TreeSet<Member>> open = new HashMap<>();

    private int leaders;
    private int refusals;
    private long touched;
    private long refusedAt;
    private long relievedAt = Long.MIN_VALUE / 2;

    Flight(long began) {
      this.began = began;
      this.touched = began;
    }

    Place place(Peer from, Message.Join join) {
      long now = timers.millis();
      touched = now;
      Member member = members.get(from);
      if (member == null) {
        member = new Member(from, joined++);
        members.put(from, member);
        Flights.this.members++;
      }
      if (join.refused()) {
        refuse(member, now);
      } else if (join.complaint().isEmpty()) {
        forgive(member);
      } else if (!hear(member, join.complaint().get(), now)) {
        return new Place.Wait(ROUND);
      }
      if (member.leads) {
        return Place.LEAD;
      }
      if (leaders == 0) {
        return withoutLeader(member, join, now);
      }
      Member parent = parentFor(member, now);
      if (parent == null && member.refused) {
        // Upstream is no way for it: rather one follower too many.
        parent = anyLeader(member);
      }
      if (parent == null) {
        // It cannot get on with anybody: those that come later may do better with it.
        appoint(member, now);
        return Place.LEAD;
      }
      attach(member, parent, now);
      return new Place.Follow(parent.peer);
    }

    private Place withoutLeader(Member member, Message.Join join, long now) {
      if (member.refused) {
        boolean another = members.size() > refusals;
        return another && now - refusedAt < REFUSED ? new Place.Wait(ROUND) : Place.LEAD;
      }
      long round = (now - began) / ROUND;
      if (join.complaint().isEmpty() && join.leads() > round && round < ROUNDS) {
        return new Place.Wait(began + (round + 1) * ROUND - now);
      }
      appoint(member, now);
      return Place.LEAD;
    }

    Place steer(Member member, Message.Progress said) {
      long now = timers.millis();
      touched = now;
      member.stands(said.position(), now);
      Member parent = member.parent;
      if (member.leads) {
        return Place.LEAD;
      }
      if (parent == null || member.rate == 0) {
        return STAY;
      }
      if (!isFit(parent, member, now)) {
        return elsewhere(member, now);
      }
      if (isBehind(member, parent)) {
        member.moves++;
        avoid(member, parent);
        return elsewhere(member, now);
      }
      member.slow = isFarSlower(member, said, now) ? member.slow + 1 : 0;
      if (member.slow >= PERSISTS) {
        relieve(member, now);
        return Place.LEAD;
      }
      return STAY;
    }

    private boolean isFarSlower(Member member, Message.Progress said, long now) {
      if (now - relievedAt < SETTLED || said.upstreamRate() < FAR_SLOWER * member.rate) {
        return false;
      }
      long left = said.size() - said.position();
      return left * 1_000 / member.rate - left * 1_000 / said.upstreamRate() >= WORTH_IT;
    }

    /** The others are given places below it as they tell how they get on. */
    private void relieve(Member member, long now) {
      relievedAt = now;
      for (Member each : members.values()) {
        if (each.leads) {
          each.shunnedUntil = now + SHUNNED;
          dismiss(each);
        }
      }
      appoint(member, now);
    }

    /** Whether it is the way from its parent that keeps it back, rather than the leader. */
    private boolean isBehind(Member member, Member parent) {
      Member ahead = parent;
      for (Member sibling : parent.children) {
        ahead = sibling.position > ahead.position ? sibling : ahead;
      }
      return member.moves < MAX_MOVES
          && ahead.position - member.position > BEHIND
          && ahead.rate > FAR_SLOWER * member.rate;
    }

    private Place elsewhere(Member member, long now) {
      Member parent = parentFor(member, now);
      if (parent == null) {
        return STAY;
      }
      attach(member, parent, now);
      return new Place.Follow(parent.peer);
    }

    private void refuse(Member member, long now) {
      if (!member.refused || member.leads) {
        refusedAt = now;
      }
      if (!member.refused) {
        member.refused = true;
        refusals++;
      }
      // Whoever it has complained of may be all that is left.
      member.avoided.clear();
      dismiss(member);
    }

    /** It asks anew: upstream may take it now. */
    private void forgive(Member member) {
      if (member.refused) {
        member.refused = false;
        refusals--;
      }
    }

    /**
     * @return false where it is too early to say who is to blame
     */
    private boolean hear(Member member, Complaint complaint, long now) {
      Member accused = members.get(complaint.parent());
      if (accused == null || accused == member) {
        return true;
      }
      if (!complaint.unreachable()) {
        long waited = complaint.quietMillis();
        if (accused == member.parent) {
          waited = Math.min(waited, now - member.arranged);
        }
        if (now - accused.rearranged() < Math.min(waited, quiet)) {
          // What it waited for in vain was another's to bring.
          return true;
        }
        if (!accused.leads && accused.isFed() && member.doubted != accused) {
          // All below a leader fall quiet with it: its own followers' complaint comes first.
          member.doubted = accused;
          return false;
        }
      }
      member.doubted = null;
      avoid(member, accused);
      if (complaint.unreachable()) {
        boolean again = now < accused.shunnedUntil;
        accused.shunnedUntil = now + SHUNNED;
        if (accused.leads && !again) {
          // It may be the complainer that is cut off: the others' leader stays until it is said
          // anew.
          if (leaders == 1) {
            appoint(member, now);
          }
          return true;
        }
      }
      if (accused.leads) {
        accused.shunnedUntil = now + SHUNNED;
        dismiss(accused);
      }
      return true;
    }

    private void avoid(Member member, Member accused) {
      if (member.parent == accused) {
        detach(member);
      }
      if (!member.avoided.contains(accused)) {
        if (member.avoided.size() == MAX_AVOIDED) {
          member.avoided.removeFirst();
        }
        member.avoided.add(accused);
      }
    }

    private void appoint(Member member, long now) {
      detach(member);
      member.leads = true;
      leaders++;
      member.arranged = now;
      member.shunnedUntil = 0;
      settle(member, 0);
    }

    private void dismiss(Member member) {
      if (member.leads) {
        member.leads = false;
        leaders--;
      }
    }

    /** Same zone first, then nearest to a leader; null where nobody has a slot for it. */
    private Member parentFor(Member member, long now) {
      if (member.parent != null && isFit(member.parent, member, now)) {
        return member.parent;
      }
      String zone = member.peer.zone();
      Member near = first(open.get(zone), member, now);
      if (near != null) {
        return near;
      }
      Member best = null;
      for (Map.Entry<String, TreeSet<Member>> each : open.entrySet()) {
        Member candidate = each.getKey().equals(zone) ? null : first(each.getValue(), member, now);
        if (candidate != null && (best == null || Member.ORDER.compare(candidate, best) < 0)) {
          best = candidate;
        }
      }
      return best;
    }

    private Member anyLeader(Member member) {
      return members.values().stream()
          .filter(each -> each.leads && !each.isBelow(member))
          .findFirst()
          .orElse(null);
    }

    private Member first(Set<Member> candidates, Member member, long now) {
      if (candidates != null) {
        for (Member each : candidates) {
          if (isFit(each, member, now)) {
            return each;
          }
        }
      }
      return null;
    }

    private boolean isFit(Member parent, Member member, long now) {
      return now >= parent.shunnedUntil
          && !member.avoided.contains(parent)
          && !parent.isBelow(member)
          && parent.isFed();
    }

    private void attach(Member member, Member parent, long now) {
      if (member.parent == parent) {
        return;
      }
      detach(member);
      member.parent = parent;
      member.arranged = now;
      member.doubted = null;
      parent.children.add(member);
      if (parent.children.size() >= fanOut) {
        close(parent);
      }
      settle(member, parent.depth + 1);
    }

    private void detach(Member member) {
      Member parent = member.parent;
      member.parent = null;
      if (parent != null && parent.children.remove(member)) {
        settle(parent, parent.depth);
      }
    }

    /** Notes how deep a member is, and all below it, where they may get children. */
    private void settle(Member top, int depth) {
      Deque<Member> moved = new ArrayDeque<>();
      close(top);
      top.depth = depth;
      for (Member member = top; member != null; member = moved.poll()) {
        if (member.children.size() < fanOut) {
          open.computeIfAbsent(member.peer.zone(), _ -> new TreeSet<>(Member.ORDER)).add(member);
        }
        for (Member child : member.children) {
          if (child.depth != member.depth + 1) {
            close(child);
            child.depth = member.depth + 1;
            moved.add(child);
          }
        }
      }
    }

    private void close(Member member) {
      TreeSet<Member> zone = open.get(member.peer.zone());
      if (zone != null && zone.remove(member) && zone.isEmpty()) {
        open.remove(member.peer.zone());
      }
    }

    void depart(Peer peer) {
      Member member = members.remove(peer);
      if (member != null) {
        Flights.this.members--;
        forgive(member);
        dismiss(member);
        detach(member);
        close(member);
        for (Member child : member.children) {
          // They find out by themselves, and ask for another place.
          child.parent = null;
        }
      }
    }
  }

  /** How many follow somebody for {@code digest}. */
  Optional<Integer> followers(Digest digest) {
    return Optional.ofNullable(flights.get(digest))
        .map(flight -> flight.members.size() - flight.leaders);
  }
}
