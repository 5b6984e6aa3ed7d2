package dev.registrymirror.agent.tags;

import dev.registrymirror.agent.oci.Digest;
import java.util.Optional;

/**
 * What an anonymous look at a tag upstream showed.
 *
 * @param outcome what it means
 * @param digest what the tag points to; only with {@link Outcome#EXISTS}, and only where upstream
 *     said so in {@code Docker-Content-Digest}
 * @param detail for the log: the status, or why there was none
 */
public record ProbeResult(Outcome outcome, Optional<Digest> digest, String detail) {

  /** What the look means for the tag. */
  public enum Outcome {
    /** Upstream shows the tag to everybody. */
    EXISTS,
    /**
     * Upstream is there and does not show it to us: 401 or 403 (also after the token flow), any
     * other 4xx, a redirect that is not followed, or a certificate that is not trusted.
     */
    REFUSED,
    /** 404: the tag, or its repository, is not there. */
    GONE,
    /** 429, from the registry or from its token service. */
    RATE_LIMITED,
    /** 5xx, from the registry or from its token service. */
    BROKEN,
    /** No name, no connection, no answer in time, or none that is HTTP. */
    NO_ANSWER,
    /** It could not be asked at all: too much is being asked, or the proxy cannot be used. */
    NOT_ASKED;

    /** Whether this says something of the registry as a whole, rather than of one tag. */
    boolean isOfRegistry() {
      return this == RATE_LIMITED || this == BROKEN || this == NO_ANSWER;
    }
  }

  static ProbeResult of(Outcome outcome, String detail) {
    return new ProbeResult(outcome, Optional.empty(), detail);
  }

  static ProbeResult exists(Optional<Digest> digest) {
    return new ProbeResult(Outcome.EXISTS, digest, "200");
  }
}
