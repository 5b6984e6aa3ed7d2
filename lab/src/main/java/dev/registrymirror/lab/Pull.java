package dev.registrymirror.lab;

import java.time.Duration;

/**
 * A pull that succeeded.
 *
 * @param took from the request to containerd until the image was unpacked
 * @param bytesFromUpstream what came in meanwhile on the node's link to upstream, with all headers
 * @param bytesFromPeers what came in meanwhile on its link to the other nodes, with all headers
 */
public record Pull(Duration took, long bytesFromUpstream, long bytesFromPeers) {}
