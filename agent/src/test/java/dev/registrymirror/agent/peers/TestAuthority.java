package dev.registrymirror.agent.peers;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** An authority made for one test run, and the identities that it gives out. */
public final class TestAuthority {

  private static final Duration DAY = Duration.ofDays(1);

  /** Files in PEM. */
  public record Identity(Path certificate, Path key, Path authority) {
    MutualTls tls() throws IOException {
      return new MutualTls(certificate, key, authority);
    }
  }

  private final X509Bundle authority;

  public TestAuthority() throws Exception {
    authority = valid("authority").setIsCertificateAuthority(true).buildSelfSigned();
  }

  /**
   * Writes the mirror's identity, as {@code tls.crt}, {@code tls.key} and {@code ca.crt}.
   *
   * @param folder is made where it is not there
   */
  public Identity write(Path folder) throws Exception {
    return write(folder, MutualTls.NAME);
  }

  /** An identity with another DNS name. */
  Identity write(Path folder, String name) throws Exception {
    return write(folder, valid("peer").addSanDnsName(name).buildIssuedBy(authority));
  }

  /** The mirror's identity as it was until yesterday. */
  Identity writeExpired(Path folder) throws Exception {
    Instant yesterday = Instant.now().minus(DAY);
    return write(
        folder,
        valid("peer")
            .addSanDnsName(MutualTls.NAME)
            .notBefore(yesterday.minus(DAY))
            .notAfter(yesterday)
            .buildIssuedBy(authority));
  }

  private Identity write(Path folder, X509Bundle identity) throws IOException {
    Files.createDirectories(folder);
    return new Identity(
        Files.writeString(folder.resolve("tls.crt"), identity.getCertificatePEM()),
        Files.writeString(folder.resolve("tls.key"), identity.getPrivateKeyPEM()),
        Files.writeString(folder.resolve("ca.crt"), authority.getCertificatePEM()));
  }

  private static CertificateBuilder valid(String subject) {
    return new CertificateBuilder()
        .subject("CN=" + subject)
        .notBefore(Instant.now().minus(DAY))
        .notAfter(Instant.now().plus(DAY));
  }
}
