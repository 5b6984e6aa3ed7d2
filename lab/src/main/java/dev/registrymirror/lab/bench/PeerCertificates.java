package dev.registrymirror.lab.bench;

import dev.registrymirror.agent.peers.MutualTls;
import dev.registrymirror.lab.machine.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** An authority and the identity that all agents share, made by openssl for one run. */
final class PeerCertificates {

  private PeerCertificates() {}

  /** Makes the files in {@code directory}; returns the options that name them to an agent. */
  static List<String> make(Path directory) {
    Path ca = directory.resolve("peer-ca.pem");
    Path caKey = directory.resolve("peer-ca-key.pem");
    Path certificate = directory.resolve("peer.pem");
    Path key = directory.resolve("peer-key.pem");
    Path request = directory.resolve("peer.csr");
    Path extension = directory.resolve("peer.ext");
    try {
      Files.writeString(extension, "subjectAltName=DNS:" + MutualTls.NAME + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1"
            + " -subj /CN=bench -keyout "
            + caKey
            + " -out "
            + ca);
    openssl(
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            + " -subj /CN=peer -keyout "
            + key
            + " -out "
            + request);
    openssl(
        "x509 -req -days 1 -CAcreateserial -in "
            + request
            + " -CA "
            + ca
            + " -CAkey "
            + caKey
            + " -extfile "
            + extension
            + " -out "
            + certificate);
    return List.of(
        "--peer-cert", certificate.toString(),
        "--peer-key", key.toString(),
        "--peer-ca", ca.toString());
  }

  private static void openssl(String arguments) {
    Command.run(("openssl " + arguments).split(" "));
  }
}
