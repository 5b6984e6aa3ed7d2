package dev.registrymirror.operator.certificates;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;

/** A certificate and its private key, as PEM in a Secret and as Java knows them. */
public record KeyPairAndCertificate(PrivateKey key, X509Certificate certificate) {

  /**
   * Reads both.
   *
   * @throws CertificateException where one of them is none
   */
  public static KeyPairAndCertificate parse(String keyPem, String certificatePem)
      throws CertificateException {
    try (PEMParser keys = new PEMParser(new StringReader(keyPem));
        PEMParser certificates = new PEMParser(new StringReader(certificatePem))) {
      if (keys.readObject() instanceof PrivateKeyInfo key
          && certificates.readObject() instanceof X509CertificateHolder certificate) {
        return new KeyPairAndCertificate(
            new JcaPEMKeyConverter().getPrivateKey(key),
            new JcaX509CertificateConverter().getCertificate(certificate));
      }
      throw new CertificateException("no PKCS #8 key, or no X.509 certificate, in PEM");
    } catch (IOException | RuntimeException e) {
      throw new CertificateException("no key or no certificate in PEM: " + e.getMessage(), e);
    }
  }

  /** PEM. */
  public String certificatePem() {
    return pem(certificate);
  }

  /** PEM, PKCS #8, as the agents read it. */
  public String keyPem() {
    try {
      return pem(new JcaPKCS8Generator(key, null));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String pem(Object what) {
    StringWriter out = new StringWriter();
    try (JcaPEMWriter pem = new JcaPEMWriter(out)) {
      pem.writeObject(what);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString();
  }
}
