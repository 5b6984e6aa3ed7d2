package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.oci.Digest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The downloads from upstream that this node leads, and how fast they are: what tells whether it
 * could do better than another leader. Any thread.
 */
final class Leads {

  /** The oldest are forgotten beyond so many. */
  static final int MAX = 256;

  /** What a download was like counts for so long: upstream and its load change. */
  static final Duration LATELY = Duration.ofSeconds(30);

  /** A shorter download says nothing of a rate. */
  static final Duration LONG_ENOUGH = Duration.ofSeconds(1);

  private final Map<Digest, Lead> leads =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Digest, Lead> eldest) {
          return size() > MAX;
        }
      };

  private static final class Lead {
    private final long since = System.nanoTime();
    private OptionalLong from = OptionalLong.empty();
    private long length;
    private long grew = since;

    /** Bytes a second; 0 where it is too short, or too long ago. */
    long rate() {
      long nanos = grew - since;
      return nanos < LONG_ENOUGH.toNanos() || Pull.since(grew).compareTo(LATELY) > 0
          ? 0
          : (long) ((length - from.orElse(length)) * 1e9 / nanos);
    }
  }

  /** This node goes upstream for it. */
  synchronized void add(Digest digest) {
    leads.remove(digest);
    leads.put(digest, new Lead());
  }

  /** A download has so many bytes now. */
  synchronized void grew(Digest digest, long length) {
    Lead lead = leads.get(digest);
    if (lead != null) {
      if (lead.from.isEmpty()) {
        lead.from = OptionalLong.of(length);
      }
      lead.length = length;
      lead.grew = System.nanoTime();
    }
  }

  /** Bytes a second of the fastest of the last downloads; 0 where there was none lately. */
  synchronized long bestRate() {
    return leads.values().stream().mapToLong(Lead::rate).max().orElse(0);
  }
}
