package dev.registrymirror.agent.peers;

/**
 * The wire between agents: HTTP/1.1, its version in the path, so that an agent of another release
 * answers what it knows and 404 to the rest.
 */
public final class Paths {

  /** {@code GET}, {@code HEAD}, with {@code Range}: a blob of the peer's own store. */
  public static final String BLOBS = "/v1/blobs/";

  /** The same for a manifest, which has a media type of its own. */
  public static final String MANIFESTS = "/v1/manifests/";

  /**
   * {@code GET}, with {@code Range}: a blob that the peer's containerd is downloading, as it grows;
   * where it is held already, the same as {@link #BLOBS}. Answered late, or with 404, where nothing
   * has come yet.
   */
  public static final String GROWING_BLOBS = "/v1/flights/blobs/";

  /** The same for a manifest, which is sent once it is whole. */
  public static final String GROWING_MANIFESTS = "/v1/flights/manifests/";

  /** {@code POST}: the digest's blob, as this peer sent it, was not taken by containerd. */
  public static final String SUSPECTS = "/v1/suspects/";

  /** {@code POST}: one message of {@link MessageCodec}, answered with one. */
  public static final String MESSAGES = "/v1/messages";

  private Paths() {}
}
