package dev.registrymirror.agent.homes;

import dev.registrymirror.agent.oci.Digest;

/**
 * What a node's tag points to.
 *
 * @param seenMillis when {@code peer} last saw upstream give that digest for the tag, on this
 *     node's {@link Homes} clock. Between agents only ages travel, never times: so wrong clocks of
 *     other nodes shift nothing, and the error is at most the time that two messages take.
 * @param peer the node that has the tag
 */
public record TagRecord(Digest digest, long seenMillis, Peer peer) {}
