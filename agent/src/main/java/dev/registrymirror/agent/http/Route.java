package dev.registrymirror.agent.http;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.List;
import java.util.Optional;

/**
 * What a path of the OCI distribution spec asks for, as containerd writes it: {@code
 * /v2/<name>/manifests/<reference>?ns=<registry>}, {@code /v2/<name>/blobs/<digest>?ns=<registry>}.
 *
 * <p>Paths are not decoded: neither a name, a tag nor a digest has a character that needs it, so an
 * encoded slash or {@code ..} is just an invalid name.
 */
sealed interface Route {

  /** The path under which containerd asks when upstream has failed. */
  String FALLBACK = "/fallback";

  /** The registry where a request names none: a client other than containerd's mirrors. */
  String NO_REGISTRY = "unknown";

  /** {@code /v2/}: does this speak the protocol? */
  record Base() implements Route {}

  record ByDigest(boolean fallback, Repository repository, Kind kind, Digest digest)
      implements Route {}

  record ByTag(boolean fallback, Tag tag) implements Route {}

  /** Nothing that the mirror has. */
  record Invalid(ErrorCode code) implements Route {}

  /** The route of a request's URI: total, whatever it holds. */
  static Route of(String uri) {
    int query = uri.indexOf('?');
    String path = query < 0 ? uri : uri.substring(0, query);
    boolean fallback = path.startsWith(FALLBACK + "/");
    if (fallback) {
      path = path.substring(FALLBACK.length());
    }
    if (path.equals("/v2/") || path.equals("/v2")) {
      return new Base();
    }
    if (!path.startsWith("/v2/")) {
      return new Invalid(ErrorCode.NAME_UNKNOWN);
    }
    int referenceAt = path.lastIndexOf('/');
    int kindAt = path.lastIndexOf('/', referenceAt - 1);
    if (kindAt <= "/v2/".length()) {
      return new Invalid(ErrorCode.NAME_UNKNOWN);
    }
    String name = path.substring("/v2/".length(), kindAt);
    String kind = path.substring(kindAt + 1, referenceAt);
    String reference = path.substring(referenceAt + 1);
    Optional<Repository> repository =
        registry(uri).flatMap(registry -> Repository.tryOf(registry, name));
    return switch (kind) {
      case "manifests" ->
          repository.map(in -> manifest(fallback, in, reference)).orElse(INVALID_NAME);
      case "blobs" -> repository.map(in -> blob(fallback, in, reference)).orElse(INVALID_NAME);
      default -> new Invalid(ErrorCode.NAME_UNKNOWN);
    };
  }

  Route INVALID_NAME = new Invalid(ErrorCode.NAME_INVALID);

  private static Route manifest(boolean fallback, Repository in, String reference) {
    if (reference.indexOf(':') >= 0) {
      return byDigest(fallback, in, Kind.MANIFEST, reference);
    }
    return Tag.tryOf(in, reference)
        .<Route>map(tag -> new ByTag(fallback, tag))
        .orElse(new Invalid(ErrorCode.MANIFEST_INVALID));
  }

  private static Route blob(boolean fallback, Repository in, String reference) {
    return byDigest(fallback, in, Kind.BLOB, reference);
  }

  private static Route byDigest(boolean fallback, Repository in, Kind kind, String text) {
    return Digest.tryParse(text)
        .<Route>map(digest -> new ByDigest(fallback, in, kind, digest))
        .orElse(new Invalid(ErrorCode.DIGEST_INVALID));
  }

  /** The registry named by {@code ns}, or empty where it is malformed or named twice. */
  private static Optional<String> registry(String uri) {
    try {
      List<String> named = new QueryStringDecoder(uri).parameters().get("ns");
      if (named == null) {
        return Optional.of(NO_REGISTRY);
      }
      return named.size() == 1 ? Optional.of(named.getFirst()) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
