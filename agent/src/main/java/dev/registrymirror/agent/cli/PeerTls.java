package dev.registrymirror.agent.cli;

import java.nio.file.Path;

/**
 * The mirror's identity, for mutual TLS between agents; all PEM, read again when they change.
 *
 * @param certificate the chain that this agent shows
 * @param key its private key
 * @param authority whose chains of other agents are accepted
 */
public record PeerTls(Path certificate, Path key, Path authority) {}
