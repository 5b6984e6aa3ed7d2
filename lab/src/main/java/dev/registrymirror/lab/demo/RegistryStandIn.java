package dev.registrymirror.lab.demo;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.images.ImagePusher;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * As much of a registry as the demo needs (OCI distribution spec): takes a push, trusting its
 * digests, which who pulls verifies; answers GET and HEAD, no ranges, at a rate.
 */
final class RegistryStandIn implements AutoCloseable {

  private static final Pattern PATH =
      Pattern.compile("/v2/.+/(?<kind>manifests|blobs)/(?<upload>uploads/)?(?<reference>[^/]*)");
  private static final String DIGEST = "digest=";
  private static final long NO_BODY = -1;

  private final Path directory;
  private final Throttle throttle;
  private final HttpServer server;
  private final AtomicLong uploads = new AtomicLong();
  private final AtomicLong sent = new AtomicLong();
  private final Map<String, Digest> tags = new ConcurrentHashMap<>();
  private final Map<Digest, String> types = new ConcurrentHashMap<>();

  /** Listens on a free port of the loopback address. */
  RegistryStandIn(Path directory, Throttle throttle) throws IOException {
    this.directory = Files.createDirectories(directory);
    this.throttle = throttle;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
  }

  /** {@code 127.0.0.1:41027}: where it is, and its name in references. */
  String name() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /** Bytes of bodies that went out so far. */
  long bytesSent() {
    return sent.get();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Matcher path = PATH.matcher(exchange.getRequestURI().getPath());
      if (!path.matches()) {
        exchange.sendResponseHeaders(404, NO_BODY);
      } else if (path.group("upload") != null) {
        upload(exchange, path.group("reference"));
      } else if (exchange.getRequestMethod().equals("PUT")) {
        putManifest(exchange, path.group("reference"));
      } else {
        answer(exchange, path.group("reference"));
      }
    }
  }

  private void upload(HttpExchange exchange, String number) throws IOException {
    String location = exchange.getRequestURI().getPath();
    switch (exchange.getRequestMethod()) {
      case "POST" -> accepted(exchange, location + uploads.incrementAndGet());
      case "PATCH" -> {
        Files.copy(exchange.getRequestBody(), file(number));
        accepted(exchange, location);
      }
      default -> {
        String query = exchange.getRequestURI().getQuery();
        Digest digest = Digest.parse(query.substring(query.indexOf(DIGEST) + DIGEST.length()));
        Files.move(file(number), file(digest.hex()));
        exchange.sendResponseHeaders(201, NO_BODY);
      }
    }
  }

  private static void accepted(HttpExchange exchange, String location) throws IOException {
    exchange.getResponseHeaders().set("Location", location);
    exchange.sendResponseHeaders(202, NO_BODY);
  }

  private void putManifest(HttpExchange exchange, String tag) throws IOException {
    byte[] manifest = exchange.getRequestBody().readAllBytes();
    Digest digest = ImagePusher.digest(new String(manifest, StandardCharsets.UTF_8));
    Files.write(file(digest.hex()), manifest);
    types.put(digest, exchange.getRequestHeaders().getFirst("Content-Type"));
    tags.put(tag, digest);
    exchange.sendResponseHeaders(201, NO_BODY);
  }

  private void answer(HttpExchange exchange, String reference) throws IOException {
    Digest digest = tags.containsKey(reference) ? tags.get(reference) : Digest.parse(reference);
    Path file = file(digest.hex());
    if (!Files.exists(file)) {
      exchange.sendResponseHeaders(404, NO_BODY);
      return;
    }
    long size = Files.size(file);
    String type = types.getOrDefault(digest, "application/octet-stream");
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.getResponseHeaders().set("Docker-Content-Digest", digest.toString());
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Long.toString(size));
      exchange.sendResponseHeaders(200, NO_BODY);
      return;
    }
    exchange.sendResponseHeaders(200, size);
    try (InputStream blob = Files.newInputStream(file)) {
      send(blob, exchange.getResponseBody());
    }
  }

  private void send(InputStream blob, OutputStream out) throws IOException {
    byte[] chunk = new byte[1 << 16];
    for (int read = blob.read(chunk); read >= 0; read = blob.read(chunk)) {
      throttle.pass(read);
      out.write(chunk, 0, read);
      sent.addAndGet(read);
    }
  }

  private Path file(String name) {
    return directory.resolve(name);
  }

  /** Breaks off what is under way and refuses connections from now on. */
  @Override
  public void close() {
    server.stop(0);
  }
}
