package dev.registrymirror.lab.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A certificate authority for one run, and what it signs: keys on P-256, made by openssl. */
public final class Authority {

  private static final String NEW_KEY = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  private static final String BOUND = " -days 2";

  private final Path directory;

  /** PEM files. */
  public record Identity(Path certificate, Path key) {}

  private Authority(Path directory) {
    this.directory = directory;
  }

  /** Makes an authority whose files are in {@code directory}. */
  public static Authority make(Path directory) {
    Authority authority = new Authority(directory);
    openssl(
        "req -x509 -subj /CN=lab -keyout "
            + authority.file("ca-key.pem")
            + " -out "
            + authority.certificate()
            + NEW_KEY
            + BOUND);
    return authority;
  }

  /** Its own certificate, in PEM. */
  public Path certificate() {
    return file("ca.pem");
  }

  /**
   * Signs a new identity, for servers and clients.
   *
   * @param name of its files, and its common name
   * @param subjectAltNames as openssl writes them: {@code IP:127.0.0.1,DNS:localhost}
   */
  public Identity issue(String name, String subjectAltNames) {
    return issue(name, "/CN=" + name, subjectAltNames);
  }

  /** The same with a subject of its own: {@code /O=group/CN=user}. */
  public Identity issue(String name, String subject, String subjectAltNames) {
    Identity identity = new Identity(file(name + ".pem"), file(name + "-key.pem"));
    Path request = file(name + ".csr");
    Path extensions = file(name + ".ext");
    try {
      Files.writeString(
          extensions,
          "extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=" + subjectAltNames + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    openssl(
        "req -new -subj %s -keyout %s -out %s".formatted(subject, identity.key(), request)
            + NEW_KEY);
    openssl(
        "x509 -req -CAcreateserial -in %s -CA %s -CAkey %s -extfile %s -out %s"
                .formatted(
                    request, certificate(), file("ca-key.pem"), extensions, identity.certificate())
            + BOUND);
    return identity;
  }

  private Path file(String name) {
    return directory.resolve(name);
  }

  private static void openssl(String arguments) {
    Command.run(("openssl " + arguments).split(" "));
  }
}
