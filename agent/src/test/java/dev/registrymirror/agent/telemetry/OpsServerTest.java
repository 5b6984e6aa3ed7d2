package dev.registrymirror.agent.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import dev.registrymirror.agent.telemetry.Metrics.Result;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class OpsServerTest {

  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final Metrics metrics = new Metrics("1.2.3");
  private final HttpClient client = HttpClient.newHttpClient();
  private volatile Optional<String> notReady = Optional.empty();
  private volatile StatusReport.Store store = new StatusReport.Store(true, "");
  private volatile String node = "node-1";
  private volatile List<StatusReport.Bypassed> bypassed = List.of();
  private volatile List<StatusReport.Problem> problems = List.of();
  private EventLoopGroup group;
  private OpsServer server;

  @BeforeEach
  void start() throws IOException {
    group = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
    server = listen(ANY, OpsServer.LIFETIME);
  }

  private OpsServer listen(InetSocketAddress address, Duration lifetime) throws IOException {
    return OpsServer.start(
        group,
        EpollServerSocketChannel::new,
        address,
        metrics,
        () -> notReady,
        this::report,
        lifetime);
  }

  private StatusReport report() {
    if (node.isEmpty()) {
      throw new IllegalStateException("a fault of the agent");
    }
    return new StatusReport(
        node,
        "1.2.3",
        Instant.parse("2026-01-02T03:04:05Z"),
        store,
        "2.4.2",
        true,
        new Served.Sum(7, 1 << 20, Optional.of(Instant.parse("2026-01-02T03:05:00Z"))),
        bypassed,
        problems,
        5,
        metrics.advertisedByKind(),
        metrics.requestsByResult(),
        metrics.bytesByResult(),
        4,
        1,
        2,
        Deadlines.DEFAULTS);
  }

  @AfterEach
  void stop() {
    client.shutdownNow();
    server.close();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  @Test
  void saysWhetherAndWhyNotItIsReady() throws Exception {
    assertThat(get("/readyz").statusCode()).isEqualTo(200);

    notReady = Optional.of("containerd's socket is not there yet");

    HttpResponse<String> answer = get("/readyz");
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).isEqualTo("containerd's socket is not there yet\n");
  }

  @Test
  void isAliveWhileEveryEventLoopAnswers() throws Exception {
    assertThat(get("/livez").statusCode()).isEqualTo(200);

    // Given one event loop, other than that of the next connection or the same, that hangs
    CountDownLatch end = new CountDownLatch(1);
    EventExecutor hanging = group.next();
    hanging.execute(() -> awaitUninterruptibly(end));

    // Then no probe is told that all is well
    try {
      for (int i = 0; i < 2; i++) {
        assertThat(livenessWithin(OpsHandler.TURN.toSeconds() + 1)).isNotEqualTo(200);
      }
    } finally {
      end.countDown();
    }
    assertThat(get("/livez").statusCode()).isEqualTo(200);
  }

  /** The status, or 0 where there was no answer, which the kubelet takes for the same. */
  private int livenessWithin(long seconds) throws Exception {
    try {
      return client
          .sendAsync(HttpRequest.newBuilder(uri("/livez")).build(), BodyHandlers.ofString())
          .orTimeout(seconds, TimeUnit.SECONDS)
          .join()
          .statusCode();
    } catch (CompletionException e) {
      return 0;
    }
  }

  @Test
  void exportsMetricsInTheFormThatIsAskedFor() throws Exception {
    metrics.request("docker.io", Kind.BLOB, Result.PEER);

    HttpResponse<String> text = get("/metrics");
    assertThat(text.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/plain");
    assertThat(text.body()).contains("registry_mirror_requests_total{");

    HttpResponse<String> open = get("/metrics", "Accept", "application/openmetrics-text");
    assertThat(open.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("application/openmetrics-text");
    assertThat(open.body()).endsWith("# EOF\n");
  }

  @Test
  void reportsItsStatusAsJson() throws Exception {
    metrics.request("docker.io", Kind.BLOB, Result.LOCAL);
    metrics.responseBytes("docker.io", Result.LOCAL, 10);
    metrics.advertised(Kind.TAG, 3);
    store = new StatusReport.Store(false, "no \"socket\"");
    notReady = Optional.of("no store");

    HttpResponse<String> answer = get("/status");

    assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
    assertWellFormed(answer.body());
    assertThat(answer.body())
        .contains(
            "\"node\":\"node-1\"",
            "\"version\":\"1.2.3\"",
            "\"since\":\"2026-01-02T03:04:05Z\"",
            "\"ready\":false,\"notReadyReason\":\"no store\"",
            "\"store\":{\"reachable\":false,\"detail\":\"no \\\"socket\\\"\"}",
            "\"rosterNodes\":5",
            "\"advertised\":{\"tag\":3}",
            "\"requests\":{\"local\":1,\"peer\":0,\"flight\":0,\"upstream\":0,\"error\":0}",
            "\"bytes\":{\"local\":10,",
            "\"flights\":{\"leader\":4,\"follower\":1}",
            "\"peersLeftOut\":2",
            "\"deadlineMillis\":{\"connect\":500,\"lookup\":100,\"place\":");
  }

  @Test
  void saysWhetherContainerdAsksTheMirror() throws Exception {
    bypassed =
        List.of(
            new StatusReport.Bypassed(
                "docker.io", Obstacle.CONFIG_PATH, 3, Instant.parse("2026-01-02T03:06:00Z")));
    problems = List.of(new StatusReport.Problem(Obstacle.LAYERS_DISCARDED, "layers <go>"));

    String json = get("/status").body();
    String page = get("/").body();

    assertWellFormed(json);
    assertThat(json)
        .contains(
            "\"mode\":\"serve\"",
            "\"containerdVersion\":\"2.4.2\",\"mirrored\":true",
            "\"served\":{\"blobs\":7,\"bytes\":1048576},\"lastServed\":\"2026-01-02T03:05:00Z\"",
            "\"bypassed\":[{\"registry\":\"docker.io\",\"reason\":\"config_path\",\"images\":3,"
                + "\"last\":\"2026-01-02T03:06:00Z\"}]",
            "\"problems\":[{\"reason\":\"layers_discarded\",\"detail\":\"layers <go>\"}]");
    assertThat(page)
        .contains("Pulled past the mirror: 3 images from docker.io (config_path)")
        .contains("layers &lt;go&gt;")
        .contains("7 manifests and blobs, 1.00 MiB");
  }

  private static void assertWellFormed(String json) throws IOException {
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      while (parser.nextToken() != null) {
        assertThat(parser.currentToken()).isNotNull();
      }
    }
  }

  @Test
  void showsAPageThatIsCompleteInItself() throws Exception {
    metrics.request("docker.io", Kind.BLOB, Result.PEER);
    metrics.responseBytes("docker.io", Result.PEER, 3L << 30);
    node = "<script>alert(1)</script>{{version}}";
    notReady = Optional.of("a & b");

    HttpResponse<String> answer = get("/");

    assertThat(answer.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/html");
    assertThat(answer.headers().firstValue("Content-Security-Policy").orElseThrow())
        .contains("default-src 'none'")
        .contains("script-src 'sha256-");
    assertThat(answer.body())
        .contains("Not ready: a &amp; b", "3.00 GiB", "5 nodes share", "2 nodes</span>")
        .contains("&lt;script&gt;alert(1)&lt;/script&gt;{{version}}")
        .doesNotContain("<script>alert", "http://", "https://", "src=", "@import");
  }

  @Test
  void answersHeadWithoutABody() throws Exception {
    for (String path : List.of("/", "/metrics", "/readyz", "/livez", "/status", "/none")) {
      HttpResponse<String> answer = send("HEAD", path);
      assertThat(answer.body()).isEmpty();
      assertThat(answer.statusCode()).isEqualTo(path.equals("/none") ? 404 : 200);
      assertThat(answer.headers().firstValueAsLong("Content-Length").orElse(0)).isPositive();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/none", "/metrics/", "//", "/v2/", "/readyz/../status", "/%2e%2e/etc/passwd"})
  void hasNothingElse(String path) throws Exception {
    assertThat(get(path).statusCode()).isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
  void takesNothingButGetAndHead(String method) throws Exception {
    HttpResponse<String> answer = send(method, "/metrics");

    assertThat(answer.statusCode()).isEqualTo(405);
    assertThat(answer.headers().firstValue("Allow")).contains("GET, HEAD");
  }

  @Test
  void ignoresAQuery() throws Exception {
    assertThat(get("/readyz?verbose=1").statusCode()).isEqualTo(200);
  }

  @Test
  void aFaultOfTheAgentIsAnswered() throws Exception {
    node = "";

    assertThat(get("/status").statusCode()).isEqualTo(500);
    assertThat(get("/readyz").statusCode()).isEqualTo(200);
  }

  @Test
  void refusesWhatIsMalformedOrTooLong() throws Exception {
    assertThat(raw("hello\r\n\r\n")).startsWith("HTTP/1.1 400 ");
    assertThat(raw("GET /" + "a".repeat(OpsServer.MAX_LINE) + " HTTP/1.1\r\n\r\n"))
        .startsWith("HTTP/1.1 400 ");
    assertThat(raw("GET / HTTP/1.1\r\nA: " + "a".repeat(OpsServer.MAX_HEADERS) + "\r\n\r\n"))
        .startsWith("HTTP/1.1 400 ");
    assertThat(raw("GET / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"))
        .startsWith("HTTP/1.1 413 ");
  }

  @Test
  void slowClientsDoNotKeepOthersOut() throws Exception {
    // Given more connections than are kept, none of which ever sends a whole request or ends
    server.close();
    server = listen(ANY, Duration.ofMinutes(5));
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 3 * OpsServer.MAX_CONNECTIONS; i++) {
        Socket socket = connect();
        socket.getOutputStream().write("GET /metr".getBytes(StandardCharsets.US_ASCII));
        slow.add(socket);
      }

      // Then others are answered, and the oldest (about, as two event loops accept) are closed
      assertThat(get("/readyz").statusCode()).isEqualTo(200);
      assertThat(slow.get(0).getInputStream().read()).isEqualTo(-1);
      assertThat(slow.get(1).getInputStream().read()).isEqualTo(-1);
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  @Test
  void aConnectionEndsInTime() throws Exception {
    server.close();
    server = listen(ANY, Duration.ofMillis(200));

    try (Socket idle = connect()) {
      assertThat(idle.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void saysWhichAddressIsTaken() {
    InetSocketAddress taken = (InetSocketAddress) server.address();

    assertThatThrownBy(() -> listen(taken, OpsServer.LIFETIME))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(Integer.toString(taken.getPort()))
        .hasMessageContaining("metrics");
  }

  @Test
  void listensNoMoreOnceClosed() throws Exception {
    try (Socket open = connect()) {
      // Accepted in order, so the first is accepted once a second is answered.
      assertThat(get("/readyz").statusCode()).isEqualTo(200);

      server.close();

      assertThat(open.getInputStream().read()).isEqualTo(-1);
      assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
    }
  }

  private HttpResponse<String> get(String path, String... headers) throws Exception {
    return send("GET", path, headers);
  }

  private HttpResponse<String> send(String method, String path, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri(path)).method(method, HttpRequest.BodyPublishers.noBody());
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private URI uri(String path) {
    InetSocketAddress address = (InetSocketAddress) server.address();
    return URI.create("http://127.0.0.1:" + address.getPort() + path);
  }

  private Socket connect() throws IOException {
    InetSocketAddress address = (InetSocketAddress) server.address();
    Socket socket = new Socket(address.getAddress(), address.getPort());
    socket.setSoTimeout((int) OpsServer.LIFETIME.toMillis() * 2);
    return socket;
  }

  private String raw(String request) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      byte[] head = socket.getInputStream().readNBytes(40);
      return new String(head, StandardCharsets.US_ASCII);
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void writesNumbersForPeople() {
    Map<Long, String> sizes =
        Map.of(0L, "0 B", 1023L, "1023 B", 1024L, "1.00 KiB", 104_857_600L, "100 MiB");
    sizes.forEach((bytes, text) -> assertThat(StatusPage.bytes(bytes)).isEqualTo(text));
    assertThat(StatusPage.bytes(Long.MAX_VALUE)).isEqualTo("8192 PiB");
  }
}
