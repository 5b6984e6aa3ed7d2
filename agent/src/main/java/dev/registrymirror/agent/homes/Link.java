package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What a provider knows about what one of its homes knows. */
final class Link {

  final Peer home;

  /** The run of the home that confirmed something last; 0: none yet. */
  long homeIncarnation;

  /** The last announcement that the home has confirmed. */
  long confirmed;

  /** What changed since then, and is not on its way. */
  Changes changes = new Changes();

  /** What is on its way; null: nothing. */
  Changes underWay;

  /** Everything is to be sent. */
  boolean full = true;

  /** The first message of everything is not yet confirmed. */
  boolean reset;

  /** In a row. */
  int failures;

  /** Since everything was sent last. */
  int checks;

  /** When to send next, be it a check. */
  Timers.Timer next;

  /** In the queue of those that are due while too many others are under way. */
  boolean waiting;

  Link(Peer home) {
    this.home = home;
  }

  /** Digests and tags that a home is to be told about; what, is looked up when it is sent. */
  static final class Changes {
    private final Set<Digest> digests = new LinkedHashSet<>();
    private final Set<Tag> tags = new LinkedHashSet<>();

    void add(Digest digest) {
      digests.add(digest);
    }

    void add(Tag tag) {
      tags.add(tag);
    }

    void addAll(Changes others) {
      digests.addAll(others.digests);
      tags.addAll(others.tags);
    }

    List<Digest> digests() {
      return new ArrayList<>(digests);
    }

    List<Tag> tags() {
      return new ArrayList<>(tags);
    }

    int size() {
      return digests.size() + tags.size();
    }

    boolean isEmpty() {
      return digests.isEmpty() && tags.isEmpty();
    }

    /** Takes out as much as one message may carry: at least one, where there is one. */
    Changes take(Settings.Limits limits) {
      Changes taken = new Changes();
      int bytes = 0;
      Iterator<Digest> eachDigest = digests.iterator();
      while (eachDigest.hasNext() && taken.fits(bytes, limits)) {
        Digest digest = eachDigest.next();
        bytes += Weight.of(digest);
        taken.add(digest);
        eachDigest.remove();
      }
      Iterator<Tag> eachTag = tags.iterator();
      while (eachTag.hasNext() && taken.fits(bytes, limits)) {
        Tag tag = eachTag.next();
        bytes += Weight.of(tag);
        taken.add(tag);
        eachTag.remove();
      }
      return taken;
    }

    private boolean fits(int bytes, Settings.Limits limits) {
      return size() < limits.entries() && bytes < limits.maxMessageBytes();
    }
  }
}
