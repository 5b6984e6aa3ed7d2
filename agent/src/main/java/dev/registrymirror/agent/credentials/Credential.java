package dev.registrymirror.agent.credentials;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * What a node's containerd shows its agent, so that pods of the node cannot pull through it. A user
 * and a password of HTTP's Basic scheme (RFC 7617).
 *
 * <p>Its text is the user only: the password is never printed.
 *
 * @param user without colon, as the scheme demands
 * @param password any text on one line
 */
public record Credential(String user, String password) {

  /** A longer line in a file is a mistake, and its header would exceed what the agent accepts. */
  public static final int MAX_LENGTH = 512;

  /**
   * @throws IllegalArgumentException where the user or the password is empty, holds a control
   *     character or a colon in the user, or where both are longer than {@link #MAX_LENGTH}
   */
  public Credential {
    if (user.isEmpty()
        || password.isEmpty()
        || user.indexOf(':') >= 0
        || user.length() + password.length() > MAX_LENGTH
        || (user + password).chars().anyMatch(Character::isISOControl)) {
      // Neither part is quoted: a misplaced colon would print the password.
      throw new IllegalArgumentException("not a credential in the form user:password");
    }
  }

  /**
   * The credential written as {@code user:password}.
   *
   * @throws IllegalArgumentException where it is malformed
   */
  public static Credential parse(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      throw new IllegalArgumentException("not a credential in the form user:password");
    }
    return new Credential(text.substring(0, colon), text.substring(colon + 1));
  }

  /** The value of the {@code Authorization} header: {@code Basic dXNlcjpwYXNz}. */
  public String authorization() {
    byte[] pair = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
    return "Basic " + Base64.getEncoder().encodeToString(pair);
  }

  @Override
  public String toString() {
    return "credential of " + user;
  }
}
