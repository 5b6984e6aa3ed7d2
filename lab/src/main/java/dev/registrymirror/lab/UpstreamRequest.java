package dev.registrymirror.lab;

import java.time.Instant;

/**
 * A request that upstream answered, or began to.
 *
 * @param node who asked; an address where it was no node
 * @param method {@code GET} or {@code HEAD}
 * @param kind {@code manifests}, {@code blobs}, or empty for {@code /v2/} itself
 * @param repository {@code app}, or empty
 * @param reference a tag or a digest, or empty
 * @param range the Range header, or empty
 * @param status what was answered
 * @param bytes of the body that were written, which may be fewer than were promised
 */
public record UpstreamRequest(
    Instant at,
    String node,
    String method,
    String kind,
    String repository,
    String reference,
    String range,
    int status,
    long bytes) {

  UpstreamRequest answered(int withStatus, long withBytes) {
    return new UpstreamRequest(
        at, node, method, kind, repository, reference, range, withStatus, withBytes);
  }
}
