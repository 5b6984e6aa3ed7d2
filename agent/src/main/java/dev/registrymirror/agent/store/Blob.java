package dev.registrymirror.agent.store;

import dev.registrymirror.agent.oci.Digest;
import java.nio.file.Path;

/**
 * A committed blob of this node's store.
 *
 * @param file where its bytes are; it may be deleted at any time, but an opened one stays whole
 * @param size in bytes
 */
public record Blob(Digest digest, Path file, long size) {}
