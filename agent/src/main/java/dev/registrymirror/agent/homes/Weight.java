package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;

/** About how many bytes a thing takes in a message, rather too many than too few. */
final class Weight {

  /** Field tags, lengths, ages. */
  private static final int FRAME = 16;

  private Weight() {}

  static int of(Digest digest) {
    return FRAME + digest.hex().length() / 2;
  }

  /** With the longest digest that it may point to. */
  static int of(Tag tag) {
    return 5 * FRAME
        + tag.repository().registry().length()
        + tag.repository().name().length()
        + tag.tag().length();
  }

  static int of(Peer peer) {
    return FRAME + peer.host().length() + peer.zone().length();
  }
}
