package dev.registrymirror.operator;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.javaoperatorsdk.operator.Operator;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

/**
 * What kubelet and Prometheus ask the operator: {@code /livez}, {@code /readyz}, {@code /metrics}.
 */
final class OpsServer implements AutoCloseable {

  /** Connections that wait to be accepted. */
  private static final int BACKLOG = 16;

  private final HttpServer server;
  private final Operator operator;

  private OpsServer(HttpServer server, Operator operator) {
    this.server = server;
    this.operator = operator;
  }

  static OpsServer start(int port, Operator operator, PrometheusMeterRegistry metrics)
      throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress(port), BACKLOG);
    OpsServer ops = new OpsServer(server, operator);
    server.createContext("/metrics", exchange -> answer(exchange, 200, metrics.scrape()));
    server.createContext("/readyz", exchange -> answer(exchange, 200, "ok\n"));
    server.createContext("/livez", ops::live);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.start();
    return ops;
  }

  /**
   * A replica that does not lead has not started, and is well. One whose informers do not get
   * through to the API server any more is not: it would act on what is long past.
   */
  private void live(HttpExchange exchange) throws IOException {
    boolean isWell =
        !operator.getRuntimeInfo().isStarted()
            || operator.getRuntimeInfo().allEventSourcesAreHealthy();
    answer(
        exchange,
        isWell ? 200 : 503,
        isWell ? "ok\n" : operator.getRuntimeInfo().unhealthyEventSources().keySet() + "\n");
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
    exchange.sendResponseHeaders(status, bytes.length);
    try (var out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
