package dev.registrymirror.agent.tags;

import dev.registrymirror.agent.oci.Digest;
import java.util.Optional;

/**
 * Who may resolve a tag, and to what. A cached tag is stale by nature, so containerd asks upstream
 * with its own credentials; the mirror stands in only where upstream is truly away.
 *
 * <p>Rules only: what upstream says comes from {@link UpstreamProbe}, what the cluster knows from
 * its homes.
 *
 * @param firstHostResolves whether tags are answered before upstream was asked
 * @param fallbackResolves whether tags are answered after upstream failed
 */
public record TagRules(boolean firstHostResolves, boolean fallbackResolves) {

  /** Upstream resolves; where it cannot, the newest known digest. The default. */
  public static final TagRules REVALIDATE = new TagRules(false, true);

  /** The mirror resolves first: fastest, and may be stale. */
  public static final TagRules SERVE = new TagRules(true, true);

  /** Upstream alone resolves. */
  public static final TagRules NEVER = new TagRules(false, false);

  /** What a request on {@code /fallback} gets. */
  public sealed interface Answer {

    /**
     * The manifest of {@code digest}, from this node or from the cluster. Where nobody has it, the
     * connection is closed as by {@link CloseWithoutAnswer}.
     */
    record Serve(Digest digest) implements Answer {}

    /**
     * Nothing, so that containerd reports what upstream said: the connection is closed before any
     * byte of an answer, as a status from here would hide it on 2.x; 1.x gets a 404, which it
     * passes over (seen on 1.6, 1.7 and 2.4).
     *
     * @param why for the log
     */
    record CloseWithoutAnswer(String why) implements Answer {}
  }

  /**
   * What a tag on the first host, {@code /v2/…}, resolves to; empty for 404, upon which containerd
   * asks upstream.
   *
   * @param newestKnown the newest digest that this node or the cluster knows of the tag
   */
  public Optional<Digest> onFirstHost(Optional<Digest> newestKnown) {
    return firstHostResolves ? newestKnown : Optional.empty();
  }

  /**
   * What a tag on {@code /fallback} gets: containerd has just failed upstream, and {@code upstream}
   * says why.
   *
   * <ul>
   *   <li>It is shown to everybody: what upstream said a moment ago, which cannot be stale. Nothing
   *       private is given away, and containerd's failure was its own (a wrong pull secret) or has
   *       passed. Where upstream did not name the digest, nothing: a cached one might be stale.
   *   <li>It is refused, or gone: nothing. This node has no right to it, or nobody may have it.
   *   <li>Upstream limits, is broken or does not answer: the newest known digest, else nothing.
   *   <li>Upstream could not be asked: nothing. Not knowing is no licence to serve.
   * </ul>
   *
   * @param newestKnown the newest digest that this node or the cluster knows of the tag
   */
  public Answer onFallback(ProbeResult upstream, Optional<Digest> newestKnown) {
    if (!fallbackResolves) {
      return new Answer.CloseWithoutAnswer("policy");
    }
    return switch (upstream.outcome()) {
      case EXISTS -> serve(upstream.digest(), "upstream named no digest");
      case RATE_LIMITED, BROKEN, NO_ANSWER -> serve(newestKnown, "tag not known");
      case REFUSED -> new Answer.CloseWithoutAnswer("refused upstream");
      case GONE -> new Answer.CloseWithoutAnswer("gone upstream");
      case NOT_ASKED -> new Answer.CloseWithoutAnswer("upstream not asked");
    };
  }

  /**
   * What a digest on {@code /fallback} gets. A digest is never stale, so upstream is not asked.
   *
   * @param clusterHas whether this node or the cluster has it
   */
  public static Answer onFallback(Digest digest, boolean clusterHas) {
    return clusterHas
        ? new Answer.Serve(digest)
        : new Answer.CloseWithoutAnswer("digest not in the cluster");
  }

  private static Answer serve(Optional<Digest> digest, String otherwise) {
    return digest
        .<Answer>map(Answer.Serve::new)
        .orElseGet(() -> new Answer.CloseWithoutAnswer(otherwise));
  }
}
