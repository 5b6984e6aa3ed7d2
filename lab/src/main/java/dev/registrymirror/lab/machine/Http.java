package dev.registrymirror.lab.machine;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Asks what runs in a lab; each answer is waited for 2 s at most. */
public final class Http implements AutoCloseable {

  private static final Duration BOUND = Duration.ofSeconds(2);

  private final HttpClient client;

  /** Of plain HTTP. */
  public Http() {
    client = builder().build();
  }

  /**
   * And of HTTPS with what this authority has signed.
   *
   * @param authority its certificate, in PEM
   */
  public Http(Path authority) {
    client = builder().sslContext(trusting(authority)).build();
  }

  private static HttpClient.Builder builder() {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .proxy(HttpClient.Builder.NO_PROXY)
        .connectTimeout(BOUND);
  }

  private static SSLContext trusting(Path authority) {
    try (InputStream pem = Files.newInputStream(authority)) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setCertificateEntry(
          "lab", CertificateFactory.getInstance("X.509").generateCertificate(pem));
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new LabException("read " + authority + ": " + e.getMessage(), e);
    }
  }

  /**
   * The body of what is there.
   *
   * @throws LabException where the answer is not 200, or does not come in time
   */
  public String get(URI uri) {
    try {
      HttpResponse<String> response = send(uri);
      if (response.statusCode() != 200) {
        throw new LabException(uri + " answers " + response.statusCode() + " " + response.body());
      }
      return response.body();
    } catch (IOException e) {
      throw new LabException(uri + ": " + e, e);
    }
  }

  /** Whether an address answers 200 now. */
  public boolean answers(URI uri) {
    try {
      return send(uri).statusCode() == 200;
    } catch (IOException notYet) {
      return false;
    }
  }

  /** The same, asked by HEAD. */
  public boolean has(URI uri) {
    try {
      return send(HttpRequest.newBuilder(uri).HEAD()).statusCode() == 200;
    } catch (IOException notYet) {
      return false;
    }
  }

  private HttpResponse<String> send(URI uri) throws IOException {
    return send(HttpRequest.newBuilder(uri));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws IOException {
    try {
      return client.send(request.timeout(BOUND).build(), BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted", e);
    }
  }

  /** Waits for requests under way. */
  @Override
  public void close() {
    client.close();
  }
}
