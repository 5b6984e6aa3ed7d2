package dev.registrymirror.agent.tags;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Whose certificates are accepted upstream: as containerd does by {@code ca}, {@code skip_verify}.
 */
final class UpstreamTrust {

  private UpstreamTrust() {}

  /**
   * The TLS context for {@code address}. Files are read anew each time, so that a renewed authority
   * needs no restart.
   *
   * @throws IOException where an authority's file cannot be read
   * @throws GeneralSecurityException where it holds no certificate
   */
  static SSLContext contextFor(UpstreamAddress address)
      throws IOException, GeneralSecurityException {
    if (address.skipVerify()) {
      return context(new AcceptAll());
    }
    if (address.caFiles().isEmpty()) {
      return SSLContext.getDefault();
    }
    KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
    authorities.load(null, null);
    addDefaults(authorities);
    for (Path file : address.caFiles()) {
      addFile(authorities, file);
    }
    return context(managers(authorities));
  }

  /** containerd adds to the system's authorities rather than to replace them. */
  private static void addDefaults(KeyStore authorities) throws GeneralSecurityException {
    for (TrustManager manager : managers(null)) {
      if (manager instanceof X509TrustManager x509) {
        for (X509Certificate issuer : x509.getAcceptedIssuers()) {
          add(authorities, issuer);
        }
      }
    }
  }

  private static void addFile(KeyStore authorities, Path file)
      throws IOException, GeneralSecurityException {
    try (InputStream pem = Files.newInputStream(file)) {
      for (Certificate certificate :
          CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
        add(authorities, certificate);
      }
    }
  }

  private static void add(KeyStore authorities, Certificate certificate)
      throws GeneralSecurityException {
    authorities.setCertificateEntry(Integer.toString(authorities.size()), certificate);
  }

  private static TrustManager[] managers(KeyStore authorities) throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(authorities);
    return factory.getTrustManagers();
  }

  private static SSLContext context(TrustManager... managers) throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers, null);
    return context;
  }

  /**
   * What {@code skip_verify} asks for. The extended kind, as the JDK would otherwise check the
   * host's name by itself.
   */
  private static final class AcceptAll extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
