package dev.registrymirror.agent.oci;

import java.util.Objects;
import java.util.Optional;

/**
 * The address of a blob by its content: {@code algorithm:hex} (OCI image spec, "Digests").
 *
 * <p>Only the two algorithms registered by the spec are accepted, in lower case and with their full
 * length, so that a digest is also safe as a file name.
 */
public record Digest(Algorithm algorithm, String hex) implements Comparable<Digest> {

  /** The algorithms registered by the OCI image spec. */
  public enum Algorithm {
    SHA256("sha256", 64, "SHA-256"),
    SHA512("sha512", 128, "SHA-512");

    private final String id;
    private final int hexLength;
    private final String jcaName;

    Algorithm(String id, int hexLength, String jcaName) {
      this.id = id;
      this.hexLength = hexLength;
      this.jcaName = jcaName;
    }

    /** The name in digests and in the folders of a content store: {@code sha256}. */
    public String id() {
      return id;
    }

    /** How many hexadecimal digits a digest has. */
    public int hexLength() {
      return hexLength;
    }

    /** The name of the algorithm for {@link java.security.MessageDigest}. */
    public String jcaName() {
      return jcaName;
    }

    /** The algorithm of that {@link #id()}. */
    public static Optional<Algorithm> of(String id) {
      for (Algorithm algorithm : values()) {
        if (algorithm.id.equals(id)) {
          return Optional.of(algorithm);
        }
      }
      return Optional.empty();
    }
  }

  public Digest {
    Objects.requireNonNull(algorithm);
    if (!isHex(hex, algorithm.hexLength)) {
      throw new IllegalArgumentException("not a digest: " + algorithm.id + ":" + hex);
    }
  }

  /** The digest written as {@code text}, or empty where it is malformed or of another algorithm. */
  public static Optional<Digest> tryParse(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      return Optional.empty();
    }
    return Algorithm.of(text.substring(0, colon))
        .filter(algorithm -> isHex(text.substring(colon + 1), algorithm.hexLength))
        .map(algorithm -> new Digest(algorithm, text.substring(colon + 1)));
  }

  /**
   * The digest written as {@code text}.
   *
   * @throws IllegalArgumentException where it is malformed or of another algorithm
   */
  public static Digest parse(String text) {
    return tryParse(text).orElseThrow(() -> new IllegalArgumentException("not a digest: " + text));
  }

  private static boolean isHex(String text, int length) {
    if (text.length() != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int compareTo(Digest other) {
    int byAlgorithm = algorithm.compareTo(other.algorithm);
    return byAlgorithm != 0 ? byAlgorithm : hex.compareTo(other.hex);
  }

  @Override
  public String toString() {
    return algorithm.id + ":" + hex;
  }
}
