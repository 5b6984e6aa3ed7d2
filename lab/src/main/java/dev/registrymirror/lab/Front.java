package dev.registrymirror.lab;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What nodes meet as the upstream registry: passes requests on to the real one, unless it was told
 * to answer otherwise, and keeps a record of each.
 */
final class Front {

  static {
    // Else the JDK's server waits 40 ms for an acknowledgement between headers and body.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private static final Pattern PATH =
      Pattern.compile("/v2/(?<repository>.+)/(?<kind>manifests|blobs)/(?<reference>[^/]+)");
  private static final List<String> PASSED_ON = List.of("Accept", "Range");
  private static final List<String> PASSED_BACK =
      List.of("Content-Type", "Docker-Content-Digest", "Content-Range", "Accept-Ranges", "ETag");

  // What the JDK's server calls them in sendResponseHeaders.
  private static final long NO_BODY = -1;
  private static final long CHUNKED = 0;

  private static final long UNKNOWN = -1;

  private final InetSocketAddress address;
  private final URI registry;
  private final UnaryOperator<String> nodeByAddress;
  private final List<Answer> answers = new CopyOnWriteArrayList<>();
  private final List<Predicate<UpstreamRequest>> spoiled = new CopyOnWriteArrayList<>();
  private final List<UpstreamRequest> requests = new ArrayList<>();
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .proxy(HttpClient.Builder.NO_PROXY)
          .build();
  private HttpServer server;

  /** An answer of its own in place of the registry's; the first that is not empty counts. */
  interface Answer {
    Optional<Reply> to(UpstreamRequest asked, Optional<String> authorization);
  }

  /** A whole answer. */
  record Reply(int status, String contentType, String body, Map<String, String> headers) {

    /** An error as the OCI distribution spec words it. */
    static Reply error(int status, Map<String, String> headers) {
      String json = "{\"errors\":[{\"code\":\"LAB\",\"message\":\"as the lab was told\"}]}";
      return new Reply(status, "application/json", json, headers);
    }
  }

  Front(InetSocketAddress address, URI registry, UnaryOperator<String> nodeByAddress) {
    this.address = address;
    this.registry = registry;
    this.nodeByAddress = nodeByAddress;
  }

  /** Listens; does nothing where it does already. */
  synchronized void open() {
    if (server != null) {
      return;
    }
    try {
      server = HttpServer.create(address, 0);
    } catch (IOException e) {
      throw new UncheckedIOException("listen on " + address, e);
    }
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
  }

  /** Breaks off what is under way and refuses connections from now on. */
  synchronized void close() {
    if (server != null) {
      server.stop(0);
      server = null;
    }
  }

  void answerWith(Answer answer) {
    answers.addFirst(answer);
  }

  /** Answers those with a body whose first byte is wrong. */
  void spoil(Predicate<UpstreamRequest> which) {
    spoiled.add(which);
  }

  void answerAsRegistry() {
    answers.clear();
    spoiled.clear();
  }

  List<UpstreamRequest> requests() {
    synchronized (requests) {
      return List.copyOf(requests);
    }
  }

  void forgetRequests() {
    synchronized (requests) {
      requests.clear();
    }
  }

  private void handle(HttpExchange exchange) throws IOException {
    UpstreamRequest asked = parse(exchange);
    Optional<String> authorization =
        Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization"));
    try (exchange) {
      for (Answer answer : answers) {
        Optional<Reply> reply = answer.to(asked, authorization);
        if (reply.isPresent()) {
          reply(exchange, asked, reply.get());
          return;
        }
      }
      pass(exchange, asked);
    }
  }

  private void reply(HttpExchange exchange, UpstreamRequest asked, Reply reply) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", reply.contentType());
    reply.headers().forEach(exchange.getResponseHeaders()::set);
    byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
    send(exchange, asked, reply.status(), body.length, new ByteArrayInputStream(body));
  }

  private void pass(HttpExchange exchange, UpstreamRequest asked) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(registry.resolve(exchange.getRequestURI().getRawPath()))
            .method(asked.method(), HttpRequest.BodyPublishers.noBody());
    for (String name : PASSED_ON) {
      for (String value : exchange.getRequestHeaders().getOrDefault(name, List.of())) {
        request.header(name, value);
      }
    }
    HttpResponse<InputStream> response;
    try {
      response = http.send(request.build(), BodyHandlers.ofInputStream());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    HttpHeaders headers = response.headers();
    for (String name : PASSED_BACK) {
      headers.firstValue(name).ifPresent(value -> exchange.getResponseHeaders().set(name, value));
    }
    try (InputStream body = response.body()) {
      long length = headers.firstValueAsLong("Content-Length").orElse(UNKNOWN);
      send(exchange, asked, response.statusCode(), length, body);
    }
  }

  private void send(
      HttpExchange exchange, UpstreamRequest asked, int status, long length, InputStream body)
      throws IOException {
    long written = 0;
    try {
      if (asked.method().equals("HEAD") || length == 0) {
        // The server sends a Content-Length with HEAD only where it is set by hand.
        exchange.getResponseHeaders().set("Content-Length", Long.toString(Math.max(length, 0)));
        exchange.sendResponseHeaders(status, NO_BODY);
        return;
      }
      exchange.sendResponseHeaders(status, length == UNKNOWN ? CHUNKED : length);
      OutputStream out = exchange.getResponseBody();
      byte[] chunk = new byte[1 << 16];
      boolean wrong = spoiled.stream().anyMatch(each -> each.test(asked));
      for (int read = body.read(chunk); read >= 0; read = body.read(chunk)) {
        if (wrong && written == 0) {
          chunk[0] ^= 1;
        }
        out.write(chunk, 0, read);
        written += read;
      }
    } finally {
      record(asked.answered(status, written));
    }
  }

  private UpstreamRequest parse(HttpExchange exchange) {
    Matcher path = PATH.matcher(exchange.getRequestURI().getPath());
    boolean named = path.matches();
    String from = exchange.getRemoteAddress().getAddress().getHostAddress();
    return new UpstreamRequest(
        Instant.now(),
        nodeByAddress.apply(from),
        exchange.getRequestMethod(),
        named ? path.group("kind") : "",
        named ? path.group("repository") : "",
        named ? path.group("reference") : "",
        Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range")).orElse(""),
        0,
        0);
  }

  private void record(UpstreamRequest answered) {
    synchronized (requests) {
      requests.add(answered);
    }
  }
}
