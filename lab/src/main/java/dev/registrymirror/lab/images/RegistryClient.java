package dev.registrymirror.lab.images;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.machine.LabException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Pushes to a registry (OCI distribution spec, "Pushing blobs" and "Pushing manifests"). */
final class RegistryClient {

  private static final Duration BOUND = Duration.ofMinutes(5);

  private final URI registry;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .proxy(HttpClient.Builder.NO_PROXY)
          .build();

  RegistryClient(URI registry) {
    this.registry = registry;
  }

  URI address() {
    return registry;
  }

  /** Something that writes a blob and only then knows its digest. */
  interface BlobWriter {
    Digest writeTo(OutputStream out) throws IOException;
  }

  /**
   * Uploads a blob while it is being written: nothing of it waits in memory or on disk.
   *
   * @return its digest, as the writer gave it and the registry has verified
   */
  Digest pushBlob(String repository, BlobWriter writer) {
    HttpResponse<String> begun =
        send("POST", registry.resolve("/v2/" + repository + "/blobs/uploads/"), 202, noBody());
    try (PipedInputStream in = new PipedInputStream(1 << 20);
        PipedOutputStream out = new PipedOutputStream(in)) {
      CompletableFuture<Digest> digest = write(writer, out);
      HttpResponse<String> uploaded =
          send("PATCH", location(begun), 202, BodyPublishers.ofInputStream(() -> in));
      Digest done = digest.join();
      URI upload = location(uploaded);
      String separator = upload.getQuery() == null ? "?" : "&";
      send("PUT", URI.create(upload + separator + "digest=" + done), 201, noBody());
      return done;
    } catch (IOException e) {
      throw new LabException("push to " + registry + ": " + e.getMessage(), e);
    }
  }

  private static CompletableFuture<Digest> write(BlobWriter writer, PipedOutputStream out) {
    CompletableFuture<Digest> digest = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try (out) {
                digest.complete(writer.writeTo(out));
              } catch (IOException e) {
                digest.completeExceptionally(e);
              }
            });
    return digest;
  }

  /** Pushes a manifest under a tag or a digest. */
  void pushManifest(String repository, String reference, String mediaType, byte[] manifest) {
    HttpRequest request =
        HttpRequest.newBuilder(registry.resolve("/v2/" + repository + "/manifests/" + reference))
            .timeout(BOUND)
            .header("Content-Type", mediaType)
            .PUT(BodyPublishers.ofByteArray(manifest))
            .build();
    send(request, 201);
  }

  private HttpResponse<String> send(String method, URI uri, int expected, BodyPublisher body) {
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .timeout(BOUND)
            .header("Content-Type", "application/octet-stream")
            .method(method, body)
            .build();
    return send(request, expected);
  }

  private HttpResponse<String> send(HttpRequest request, int expected) {
    String what = request.method() + " " + request.uri();
    try {
      HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
      if (response.statusCode() != expected) {
        throw new LabException(what + ": " + response.statusCode() + " " + response.body());
      }
      return response;
    } catch (IOException e) {
      throw new LabException(what + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException(what + ": interrupted", e);
    }
  }

  private URI location(HttpResponse<?> response) {
    return registry.resolve(response.headers().firstValue("Location").orElseThrow());
  }

  private static BodyPublisher noBody() {
    return BodyPublishers.noBody();
  }
}
