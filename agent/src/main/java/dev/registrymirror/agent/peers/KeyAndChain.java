package dev.registrymirror.agent.peers;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A private key and the chain of its certificate, read from files and seen to belong together: of
 * two files that are replaced one after the other, one is for a moment of another identity, and
 * every handshake would fail.
 *
 * @param chain the key's own certificate first
 */
record KeyAndChain(PrivateKey key, List<X509Certificate> chain) {

  /** RFC 7468, section 10. */
  private static final Pattern PKCS8 =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----");

  private static final byte[] PROBE = "signed and verified".getBytes(StandardCharsets.US_ASCII);

  /**
   * Reads both, in PEM; the key is PKCS #8 without a password.
   *
   * @throws IOException where one cannot be read or they do not belong together; it names the file,
   *     and never says what is in it
   */
  static KeyAndChain read(Path certificate, Path key) throws IOException {
    List<X509Certificate> chain = chain(certificate);
    Matcher pem = PKCS8.matcher(Files.readString(key, StandardCharsets.ISO_8859_1));
    if (!pem.find()) {
      throw new IOException(key + " has no PRIVATE KEY (PKCS #8, without a password)");
    }
    try {
      String algorithm = chain.getFirst().getPublicKey().getAlgorithm();
      byte[] encoded = Base64.getMimeDecoder().decode(pem.group(1));
      PrivateKey found =
          KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      if (verifies(chain.getFirst(), found)) {
        return new KeyAndChain(found, chain);
      }
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(key + " is not usable with " + certificate, e);
    }
    throw new IOException(key + " is not the key of " + certificate);
  }

  private static List<X509Certificate> chain(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    try {
      List<X509Certificate> chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(bytes))
              .stream()
              .map(X509Certificate.class::cast)
              .toList();
      if (!chain.isEmpty()) {
        return chain;
      }
    } catch (CertificateException e) {
      throw new IOException(file + " has no certificate that can be read", e);
    }
    throw new IOException(file + " has no certificate");
  }

  private static boolean verifies(X509Certificate certificate, PrivateKey key)
      throws GeneralSecurityException {
    Signature signature =
        Signature.getInstance(
            switch (key.getAlgorithm()) {
              case "EC" -> "SHA256withECDSA";
              case "RSA" -> "SHA256withRSA";
              default -> key.getAlgorithm();
            });
    signature.initSign(key);
    signature.update(PROBE);
    byte[] signed = signature.sign();
    signature.initVerify(certificate.getPublicKey());
    signature.update(PROBE);
    return signature.verify(signed);
  }
}
