package dev.registrymirror.lab.images;

import dev.registrymirror.agent.oci.Digest;

/** What the OCI image spec calls a descriptor: type, digest, and size in bytes. */
record Descriptor(String mediaType, Digest digest, long size) {}
