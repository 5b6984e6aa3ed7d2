package dev.registrymirror.agent;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.registrymirror.agent.hosts.Report;
import dev.registrymirror.agent.hosts.Report.Entry;
import dev.registrymirror.agent.hosts.Report.Outcome;
import dev.registrymirror.agent.hosts.UnusableDirectoryException;
import dev.registrymirror.agent.telemetry.Obstacle;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Stays after the work is done, Ready where all is restored, so that a DaemonSet counts the nodes
 * where it is. Answers {@code /readyz}, {@code /livez} and {@code /status}, nothing else; on the
 * JDK's own server, as nobody but kubelet and the operator ask.
 */
final class Hold implements AutoCloseable {

  static {
    // Seconds for a whole request: the server has one thread, which a slow client must not keep.
    System.setProperty("sun.net.httpserver.maxReqTime", "2");
    System.setProperty("sun.net.httpserver.maxRspTime", "2");
  }

  /** Between two tries to restore what could not be. */
  private static final Duration RETRY = Duration.ofSeconds(10);

  private static final JsonFactory JSON = new JsonFactory();

  private final HttpServer server;
  private final String node;
  private final CountDownLatch terminated = new CountDownLatch(1);

  /** Of the last try. Read by the server's thread. */
  private volatile Report report;

  /** Restores what is left to restore. */
  interface Retry {
    Report run() throws UnusableDirectoryException;
  }

  private Hold(HttpServer server, String node, Report report) {
    this.server = server;
    this.node = node;
    this.report = report;
  }

  /**
   * Answers when this returns.
   *
   * @param report what was restored
   * @throws IOException where the address cannot be bound
   */
  static Hold start(InetSocketAddress address, String node, Report report) throws IOException {
    HttpServer server = HttpServer.create(address, 0);
    Hold hold = new Hold(server, node, report);
    server.createContext("/readyz", hold::readyz);
    server.createContext("/livez", exchange -> answer(exchange, 200, "text/plain", "alive\n"));
    server.createContext("/status", hold::status);
    server.start();
    return hold;
  }

  InetSocketAddress address() {
    return server.getAddress();
  }

  /**
   * Waits for SIGTERM or SIGINT, and then ends the process with exit code 0. Meanwhile tries again
   * what could not be restored.
   */
  void untilTerminated(Retry retry) throws InterruptedException, UnusableDirectoryException {
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("hold")
                .unstarted(
                    () -> {
                      close();
                      // A signal's own exit code (143) would count as a failure.
                      Runtime.getRuntime().halt(0);
                    }));
    while (report.isFailed() && !terminated.await(RETRY.toMillis(), TimeUnit.MILLISECONDS)) {
      report = retry.run();
    }
    terminated.await();
  }

  private List<Entry> failed() {
    return report.entries().stream().filter(entry -> entry.outcome() == Outcome.FAILED).toList();
  }

  private void readyz(HttpExchange exchange) throws IOException {
    List<Entry> failed = failed();
    answer(
        exchange,
        failed.isEmpty() ? 200 : 503,
        "text/plain",
        failed.isEmpty() ? "restored\n" : "not restored: " + failed.getFirst() + "\n");
  }

  private void status(HttpExchange exchange) throws IOException {
    List<Entry> failed = failed();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("node", node);
      json.writeStringField("mode", "cleanup");
      json.writeBooleanField("cleaned", failed.isEmpty());
      json.writeArrayFieldStart("problems");
      for (Entry entry : failed) {
        json.writeStartObject();
        json.writeStringField("reason", Obstacle.HOSTS_CHANGED.label());
        json.writeStringField("detail", entry.file() + " is not restored: " + entry.detail());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    answer(exchange, 200, "application/json", out.toString(StandardCharsets.UTF_8));
  }

  private static void answer(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", type);
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    terminated.countDown();
  }
}
