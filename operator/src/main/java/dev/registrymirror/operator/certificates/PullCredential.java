package dev.registrymirror.operator.certificates;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * What containerd shows the node's agent, and how it is renewed: agents accept every line of the
 * file and write its first into hosts.toml. As with {@link PeerIdentity} a new line is accepted
 * {@link PeerIdentity#OVERLAP} before it is written, and the old as long after.
 *
 * @param lines {@code user:password}, one or two; the first is written
 * @param changed when that was last changed
 * @param since when the first line became it
 */
public record PullCredential(List<String> lines, Instant changed, Instant since) {

  static final Duration VALID = Duration.ofDays(90);

  private static final int PASSWORD_BYTES = 24;
  private static final SecureRandom RANDOM = new SecureRandom();

  public PullCredential {
    lines = List.copyOf(lines);
  }

  /** The first one. */
  public static PullCredential create(Instant now) {
    return new PullCredential(List.of(line()), now, now);
  }

  private static String line() {
    byte[] password = new byte[PASSWORD_BYTES];
    RANDOM.nextBytes(password);
    return "mirror:" + Base64.getUrlEncoder().withoutPadding().encodeToString(password);
  }

  /** This, or what it becomes now. */
  public PullCredential next(Instant now) {
    boolean settled = !now.isBefore(changed.plus(PeerIdentity.OVERLAP));
    if (lines.size() == 1) {
      return now.isBefore(since.plus(VALID))
          ? this
          : new PullCredential(List.of(lines.getFirst(), line()), now, since);
    }
    if (!settled) {
      return this;
    }
    // The first is written since before the second came: then their places change. Else the
    // second is the old one.
    return since.isBefore(changed)
        ? new PullCredential(lines.reversed(), now, now)
        : new PullCredential(List.of(lines.getFirst()), now, since);
  }

  /** The agents' file. */
  public String file() {
    return String.join("\n", lines) + "\n";
  }

  /** What is told by a file and the times beside it; empty where they are no such thing. */
  public static Optional<PullCredential> parse(String file, String changed, String since) {
    try {
      List<String> lines = file.lines().filter(line -> !line.isBlank()).toList();
      boolean isOurs = !lines.isEmpty() && lines.size() <= 2;
      return isOurs
          ? Optional.of(new PullCredential(lines, Instant.parse(changed), Instant.parse(since)))
          : Optional.empty();
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }
}
