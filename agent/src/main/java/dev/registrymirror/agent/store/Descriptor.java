package dev.registrymirror.agent.store;

import dev.registrymirror.agent.oci.Digest;
import java.util.Map;

/**
 * What a manifest, an index or an image says of a blob: OCI image spec, "Content Descriptors".
 *
 * @param mediaType empty where it is missing or malformed
 * @param size in bytes; negative where it is missing
 */
public record Descriptor(
    String mediaType, Digest digest, long size, Map<String, String> annotations) {}
