package dev.registrymirror.operator.certificates;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Makes certificates: ECDSA on P-256 with SHA-256, which the agents' TLS 1.3 prefers. */
final class Authority {

  /** The name in every agent's certificate; the agents verify it, whatever node it is on. */
  static final String PEER_NAME = "peer.registrymirror.dev";

  /** Clocks of nodes differ: a certificate is valid a little before it is made. */
  static final Duration EARLY = Duration.ofMinutes(10);

  private static final int SERIAL_BITS = 127;
  private static final SecureRandom RANDOM = new SecureRandom();

  private Authority() {}

  /** An authority that signs itself. */
  static KeyPairAndCertificate create(Instant now, Duration validity) {
    KeyPair pair = keyPair();
    BigInteger serial = new BigInteger(SERIAL_BITS, RANDOM);
    // With its number: agents that trust two know them apart by name.
    X500Name name = new X500Name("CN=registry-mirror-ca-" + serial.toString(16).substring(0, 8));
    try {
      X509v3CertificateBuilder builder = builder(name, serial, now, validity, name, pair);
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign));
      return signed(builder, pair.getPrivate(), pair.getPrivate());
    } catch (CertIOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The one identity that all agents share, for both ends of a connection. */
  static KeyPairAndCertificate issue(KeyPairAndCertificate by, Instant now, Duration validity) {
    KeyPair pair = keyPair();
    try {
      X509v3CertificateBuilder builder =
          builder(
              X500Name.getInstance(by.certificate().getSubjectX500Principal().getEncoded()),
              new BigInteger(SERIAL_BITS, RANDOM),
              now,
              validity,
              new X500Name("CN=registry-mirror-agent"),
              pair);
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      builder.addExtension(
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(
              new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(new GeneralName(GeneralName.dNSName, PEER_NAME)));
      return signed(builder, by.key(), pair.getPrivate());
    } catch (CertIOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static KeyPair keyPair() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has this curve", e);
    }
  }

  private static X509v3CertificateBuilder builder(
      X500Name issuer,
      BigInteger serial,
      Instant now,
      Duration validity,
      X500Name subject,
      KeyPair pair) {
    return new JcaX509v3CertificateBuilder(
        issuer,
        serial,
        Date.from(now.minus(EARLY)),
        Date.from(now.plus(validity)),
        subject,
        pair.getPublic());
  }

  private static KeyPairAndCertificate signed(
      X509v3CertificateBuilder builder, PrivateKey by, PrivateKey own) {
    try {
      return new KeyPairAndCertificate(
          own,
          new JcaX509CertificateConverter()
              .getCertificate(
                  builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(by))));
    } catch (OperatorCreationException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
