package dev.registrymirror.agent.tags;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;

/**
 * A registry, its token service or a proxy, answering as a test says and noting what it is asked.
 */
final class TestUpstream implements AutoCloseable {

  /**
   * One request as it came.
   *
   * @param target path and query; the whole address where this is a proxy
   */
  record Request(String method, String target, Headers headers) {}

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private volatile HttpHandler answer = exchange -> status(exchange, 404);

  private TestUpstream(HttpServer server) {
    this.server = server;
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  static TestUpstream http() throws IOException {
    return new TestUpstream(HttpServer.create(loopback(), 0));
  }

  static TestUpstream https(SSLContext context) throws IOException {
    HttpsServer server = HttpsServer.create(loopback(), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    return new TestUpstream(server);
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  TestUpstream answering(HttpHandler answer) {
    this.answer = answer;
    return this;
  }

  TestUpstream answering(int status) {
    return answering(exchange -> status(exchange, status));
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** {@code 127.0.0.1:port} */
  String authority() {
    return "127.0.0.1:" + port();
  }

  List<Request> requests() {
    return requests;
  }

  private void handle(HttpExchange exchange) throws IOException {
    requests.add(
        new Request(
            exchange.getRequestMethod(),
            exchange.getRequestURI().toString(),
            exchange.getRequestHeaders()));
    try (exchange) {
      answer.handle(exchange);
    }
  }

  static void status(HttpExchange exchange, int status, String... headers) throws IOException {
    for (int i = 0; i < headers.length; i += 2) {
      exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
    }
    exchange.sendResponseHeaders(status, -1);
  }

  static void body(HttpExchange exchange, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
