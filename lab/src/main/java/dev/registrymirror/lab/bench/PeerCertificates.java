package dev.registrymirror.lab.bench;

import dev.registrymirror.agent.peers.MutualTls;
import dev.registrymirror.lab.machine.Authority;
import java.nio.file.Path;
import java.util.List;

/** The identity that all agents share, and who signed it. */
final class PeerCertificates {

  private PeerCertificates() {}

  /** Makes the files in {@code directory}; returns the options that name them to an agent. */
  static List<String> make(Path directory) {
    Authority authority = Authority.make(directory);
    Authority.Identity peer = authority.issue("peer", "DNS:" + MutualTls.NAME);
    return List.of(
        "--peer-cert", peer.certificate().toString(),
        "--peer-key", peer.key().toString(),
        "--peer-ca", authority.certificate().toString());
  }
}
