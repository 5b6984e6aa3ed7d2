package dev.registrymirror.lab.demo;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.Descriptor;
import dev.registrymirror.agent.store.Manifest;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.machine.LabException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Pulls into an OCI image layout in the way that containerd does with the hosts.toml that {@code
 * mirror-agent configure} writes: a digest is asked of the mirror, of upstream, and of the mirror's
 * {@code /fallback}; a tag of the latter two; three layers at a time; every digest is verified.
 */
final class LayoutPuller implements AutoCloseable {

  private static final int AT_ONCE = 3;
  private static final Duration HEADERS_BOUND = Duration.ofSeconds(30);

  private final Path layout;
  private final URI mirror;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .proxy(HttpClient.Builder.NO_PROXY)
          .connectTimeout(Duration.ofSeconds(3))
          .build();

  /**
   * @param layout made if need be
   * @param mirror {@code http://127.0.0.1:29999}
   */
  LayoutPuller(Path layout, URI mirror) throws IOException {
    this.layout = layout;
    this.mirror = mirror;
    Files.createDirectories(blobs());
    Files.createDirectories(ingest());
    Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
  }

  private Path blobs() {
    return layout.resolve("blobs/sha256");
  }

  private Path ingest() {
    return layout.resolve("ingest");
  }

  /**
   * Pulls an image by its tag.
   *
   * @throws LabException where no host has something of it
   */
  void pull(Image image) {
    try {
      Digest digest = resolve(image);
      Path manifest = fetch(image, "manifests", digest);
      List<Descriptor> blobs;
      try (InputStream in = Files.newInputStream(manifest)) {
        blobs = Manifest.read(in).children();
      }
      fetchAll(image, blobs);
      index(image, digest, Files.size(manifest));
    } catch (IOException e) {
      throw new LabException("pull of " + image.reference() + ": " + e.getMessage(), e);
    }
  }

  private void fetchAll(Image image, List<Descriptor> blobs) throws IOException {
    try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
      List<Future<Path>> fetches = new ArrayList<>();
      for (Descriptor blob : blobs) {
        fetches.add(threads.submit(() -> fetch(image, "blobs", blob.digest())));
      }
      for (Future<Path> fetch : fetches) {
        fetch.get();
      }
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e.getCause());
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static IOException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IOException("interrupted", e);
  }

  private Digest resolve(Image image) throws IOException {
    return head(URI.create("http://" + image.registry()), image)
        .or(() -> head(URI.create(mirror + "/fallback"), image))
        .orElseThrow(() -> new IOException("no host resolves the tag"));
  }

  private Optional<Digest> head(URI host, Image image) {
    HttpRequest head = request(host.toString(), image, "manifests", image.tag()).HEAD().build();
    try {
      HttpResponse<Void> response = send(head, BodyHandlers.discarding());
      return response.headers().firstValue("Docker-Content-Digest").map(Digest::parse);
    } catch (IOException unreachable) {
      return Optional.empty();
    }
  }

  private Path fetch(Image image, String kind, Digest digest) throws IOException {
    Path blob = blobs().resolve(digest.hex());
    if (Files.exists(blob)) {
      return blob;
    }
    Path ingest = ingest().resolve(digest.hex());
    MessageDigest hash = sha256();
    String upstream = "http://" + image.registry();
    for (String host : List.of(mirror.toString(), upstream, mirror + "/fallback")) {
      if (fetch(request(host, image, kind, digest.toString()), ingest, hash)) {
        if (!HexFormat.of().formatHex(hash.digest()).equals(digest.hex())) {
          throw new IOException(host + " sent other bytes than " + digest);
        }
        return Files.move(ingest, blob, StandardCopyOption.ATOMIC_MOVE);
      }
    }
    throw new IOException("no host has " + digest);
  }

  /** Whether all came; what came of a stream that broke off stays, and the next host goes on. */
  private boolean fetch(HttpRequest.Builder get, Path ingest, MessageDigest hash) {
    try {
      long offset = Files.exists(ingest) ? Files.size(ingest) : 0;
      if (offset > 0) {
        get.header("Range", "bytes=" + offset + "-");
      }
      HttpResponse<InputStream> response = send(get.build(), BodyHandlers.ofInputStream());
      try (InputStream body = new DigestInputStream(response.body(), hash);
          var out =
              Files.newOutputStream(ingest, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
        if (response.statusCode() != (offset > 0 ? 206 : 200)) {
          return false;
        }
        body.transferTo(out);
        return true;
      }
    } catch (IOException brokenOff) {
      return false;
    }
  }

  private static HttpRequest.Builder request(
      String host, Image image, String kind, String reference) {
    String path = "/v2/" + image.repository() + "/" + kind + "/" + reference;
    return HttpRequest.newBuilder(URI.create(host + path + "?ns=" + image.registry()))
        .timeout(HEADERS_BOUND);
  }

  private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> body)
      throws IOException {
    try {
      return http.send(request, body);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  // Renamed into place, so that the agent never reads half of it.
  private void index(Image image, Digest digest, long size) throws IOException {
    String json =
        """
        {"schemaVersion":2,"manifests":[{"mediaType":"%s","digest":"%s","size":%d,
         "annotations":{"io.containerd.image.name":"%s"}}]}
        """
            .formatted(Manifest.OCI_MANIFEST, digest, size, image.reference());
    Path unfinished = Files.writeString(ingest().resolve("index.json"), json);
    Files.move(unfinished, layout.resolve("index.json"), StandardCopyOption.ATOMIC_MOVE);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Breaks off a pull under way. */
  @Override
  public void close() {
    http.shutdownNow();
  }
}
