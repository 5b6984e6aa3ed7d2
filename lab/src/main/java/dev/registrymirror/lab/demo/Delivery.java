package dev.registrymirror.lab.demo;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A pull on one node, under way or done.
 *
 * @param took so far
 * @param fromUpstream bytes so far
 * @param fromPeers bytes so far
 */
record Delivery(String node, Duration took, long fromUpstream, long fromPeers) {

  /** Headers, of HTTP down to Ethernet, add so much at most to what is counted on a link. */
  static final double HEADERS = 0.10;

  /** What else goes on: the tag's digest asked of the registry, the agents' own messages. */
  static final double ELSEWHERE = 0.01;

  /** Where an image's bytes should come from. */
  enum Source {
    UPSTREAM("upstream"),
    PEERS("the other nodes");

    private final String words;

    Source(String words) {
      this.words = words;
    }
  }

  /** Bytes so far from both. */
  long bytes() {
    return fromUpstream + fromPeers;
  }

  /** What is wrong with it where all {@code imageBytes} should have come from one source. */
  Optional<String> objection(Source expected, long imageBytes) {
    long right = expected == Source.UPSTREAM ? fromUpstream : fromPeers;
    long wrong = bytes() - right;
    boolean all = right >= imageBytes && right <= imageBytes * (1 + HEADERS);
    if (all && wrong <= imageBytes * ELSEWHERE) {
      return Optional.empty();
    }
    return Optional.of(
        "%s should have taken the image's %s MB from %s; it took %s MB from there, and %s MB not"
            .formatted(
                node, megabytes(imageBytes), expected.words, megabytes(right), megabytes(wrong)));
  }

  /** What is wrong with pulls at the same moment that should together have cost one download. */
  static Optional<String> objection(List<Delivery> herd, long imageBytes) {
    long upstream = fromUpstream(herd);
    if (upstream < imageBytes || upstream > imageBytes * (1 + HEADERS)) {
      return Optional.of(
          "all together should have taken the image's %s MB from upstream once, and took %s MB"
              .formatted(megabytes(imageBytes), megabytes(upstream)));
    }
    return herd.stream()
        .filter(delivery -> delivery.bytes() < imageBytes)
        .map(delivery -> delivery.node + " has " + megabytes(delivery.bytes()) + " MB alone")
        .findFirst();
  }

  /** Bytes so far, of all together. */
  static long fromUpstream(List<Delivery> herd) {
    return herd.stream().mapToLong(Delivery::fromUpstream).sum();
  }

  /** Whole megabytes (10^6 bytes), rounded. */
  static String megabytes(long bytes) {
    return Long.toString(Math.round(bytes / 1e6));
  }

  String seconds() {
    return "%.1f".formatted(took.toMillis() / 1e3);
  }
}
