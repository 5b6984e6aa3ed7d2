package dev.registrymirror.agent;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;

/**
 * Stays Ready after the work is done, so that a DaemonSet counts the nodes where it is. Answers
 * {@code /readyz} and {@code /livez}, nothing else; on the JDK's own server, as nobody but kubelet
 * and the operator ask.
 */
final class Hold implements AutoCloseable {

  static {
    // Seconds for a whole request: the server has one thread, which a slow client must not keep.
    System.setProperty("sun.net.httpserver.maxReqTime", "2");
    System.setProperty("sun.net.httpserver.maxRspTime", "2");
  }

  private final HttpServer server;
  private final CountDownLatch terminated = new CountDownLatch(1);

  private Hold(HttpServer server) {
    this.server = server;
  }

  /**
   * Is Ready when this returns.
   *
   * @throws IOException where the address cannot be bound
   */
  static Hold start(InetSocketAddress address) throws IOException {
    HttpServer server = HttpServer.create(address, 0);
    server.createContext("/readyz", Hold::ready);
    server.createContext("/livez", Hold::ready);
    server.start();
    return new Hold(server);
  }

  InetSocketAddress address() {
    return server.getAddress();
  }

  /** Waits for SIGTERM or SIGINT, and then ends the process with exit code 0. */
  void untilTerminated() throws InterruptedException {
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
    terminated.await();
  }

  private static void ready(HttpExchange exchange) throws IOException {
    byte[] body = "restored\n".getBytes(StandardCharsets.UTF_8);
    try (exchange) {
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    terminated.countDown();
  }
}
