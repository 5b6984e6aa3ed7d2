package dev.registrymirror.agent.tags;

import static dev.registrymirror.agent.tags.TestUpstream.body;
import static dev.registrymirror.agent.tags.TestUpstream.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.sun.net.httpserver.HttpHandler;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.tags.ProbeResult.Outcome;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against real servers: a registry, a token service, a proxy; well-behaved and not. */
@Timeout(30)
class UpstreamProbeTest {

  private static final Digest DIGEST = Digest.parse("sha256:" + "c".repeat(64));
  private static final Duration BOUND = Duration.ofSeconds(2);

  /** For what is known to end by its bound only. */
  private static final Duration SHORT = Duration.ofMillis(300);

  @TempDir static Path folder;
  private static TestCertificates certificates;

  private final List<AutoCloseable> closeables = new ArrayList<>();
  private final AtomicLong now = new AtomicLong();
  private TestUpstream registry;

  @BeforeAll
  static void makeCertificates() throws IOException, InterruptedException {
    certificates = new TestCertificates(folder, "ip:127.0.0.1", "dns:registry.example");
  }

  @BeforeEach
  void startRegistry() throws IOException {
    registry = closed(TestUpstream.http());
  }

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable closeable : closeables.reversed()) {
      closeable.close();
    }
  }

  // What upstream may say

  @Test
  void seesAPublicTag() {
    registry.answering(
        exchange -> status(exchange, 200, "Docker-Content-Digest", DIGEST.toString()));

    assertThat(look()).isEqualTo(ProbeResult.exists(Optional.of(DIGEST)));

    TestUpstream.Request request = registry.requests().getFirst();
    assertThat(request.method()).isEqualTo("HEAD");
    assertThat(request.target()).isEqualTo("/v2/library/nginx/manifests/1.29");
    assertThat(request.headers().getFirst("Accept")).isEqualTo(AnonymousHead.ACCEPT);
    assertThat(request.headers()).doesNotContainKey("Authorization");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "latest", "sha256:zz", "md5:00"})
  void takesNoDigestThatIsNone(String header) {
    registry.answering(exchange -> status(exchange, 200, "Docker-Content-Digest", header));

    assertThat(look()).isEqualTo(ProbeResult.exists(Optional.empty()));
  }

  @ParameterizedTest
  @CsvSource({
    "401, REFUSED",
    "403, REFUSED",
    "404, GONE",
    "429, RATE_LIMITED",
    "500, BROKEN",
    "502, BROKEN",
    "503, BROKEN",
    "400, REFUSED",
    "405, REFUSED",
    "204, REFUSED",
    "302, REFUSED",
  })
  void readsTheStatus(int status, Outcome outcome) {
    registry.answering(status);

    assertThat(look().outcome()).isEqualTo(outcome);
  }

  // Tokens

  @Test
  void getsAPublicToken() throws IOException {
    TestUpstream tokens =
        closed(TestUpstream.http())
            .answering(exchange -> body(exchange, "{\"expires_in\":300,\"token\":\"abc.def-1\"}"));
    registry.answering(needsToken("http://" + tokens.authority() + "/token", "abc.def-1"));

    assertThat(look().outcome()).isEqualTo(Outcome.EXISTS);

    assertThat(tokens.requests()).hasSize(1);
    assertThat(tokens.requests().getFirst().method()).isEqualTo("GET");
    assertThat(tokens.requests().getFirst().target())
        .isEqualTo("/token?service=test&scope=repository%3Alibrary%2Fnginx%3Apull");
    assertThat(tokens.requests().getFirst().headers()).doesNotContainKey("Authorization");
  }

  @Test
  void aTagThatNeedsMoreThanAPublicTokenIsRefused() throws IOException {
    TestUpstream tokens =
        closed(TestUpstream.http())
            .answering(exchange -> body(exchange, "{\"access_token\":\"public\"}"));
    registry.answering(needsToken("http://" + tokens.authority() + "/token", "private"));

    assertThat(look().outcome()).isEqualTo(Outcome.REFUSED);
    assertThat(registry.requests()).hasSize(2);
    assertThat(tokens.requests()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "400, REFUSED",
    "401, REFUSED",
    "403, REFUSED",
    "404, REFUSED",
    "429, RATE_LIMITED",
    "503, BROKEN"
  })
  void readsTheTokenServicesStatus(int status, Outcome outcome) throws IOException {
    TestUpstream tokens = closed(TestUpstream.http()).answering(status);
    registry.answering(needsToken("http://" + tokens.authority() + "/token", "x"));

    assertThat(look().outcome()).isEqualTo(outcome);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "<html>",
        "{\"token\":1}",
        "{\"token\":\"\"}",
        "{\"token\":{\"token\":\"a\"}}",
        "{\"token\":\"a\\r\\nX-Evil: 1\"}",
        "{\"token\":\"cut"
      })
  void takesNoTokenThatIsNone(String answer) throws IOException {
    TestUpstream tokens = closed(TestUpstream.http()).answering(exchange -> body(exchange, answer));
    registry.answering(needsToken("http://" + tokens.authority() + "/token", "x"));

    assertThat(look().outcome()).isEqualTo(Outcome.REFUSED);
    assertThat(registry.requests()).hasSize(1);
  }

  @Test
  void readsNoMoreOfATokenServiceThanItsBound() throws IOException {
    // Given a token service that would send 1 GiB
    AtomicLong sent = new AtomicLong();
    TestUpstream tokens =
        closed(TestUpstream.http())
            .answering(
                exchange -> {
                  exchange.sendResponseHeaders(200, 0);
                  byte[] piece = " ".repeat(1 << 16).getBytes(StandardCharsets.US_ASCII);
                  for (int i = 0; i < 1 << 14; i++) {
                    exchange.getResponseBody().write(piece);
                    sent.addAndGet(piece.length);
                  }
                });
    registry.answering(needsToken("http://" + tokens.authority() + "/token", "x"));

    // When it is asked, then there is no token, and most was never sent
    assertThat(look().outcome()).isEqualTo(Outcome.REFUSED);
    assertThat(sent.get()).isLessThan(64 << 20);
  }

  @Test
  void goesOnlyToATokenServiceByHttpsWhereTheRegistryIs() throws Exception {
    TestUpstream tokens = closed(TestUpstream.http());
    TestUpstream tls = closed(TestUpstream.https(certificates.server()));
    tls.answering(needsToken("http://" + tokens.authority() + "/token", "x"));

    assertThat(look(trusted(tls.authority()), Map.of()).outcome()).isEqualTo(Outcome.REFUSED);
    assertThat(tokens.requests()).isEmpty();
  }

  // TLS

  @Test
  void trustsTheAuthorityOfTheHostsFile() throws Exception {
    TestUpstream tls = closed(TestUpstream.https(certificates.server())).answering(404);

    assertThat(look(trusted(tls.authority()), Map.of()).outcome()).isEqualTo(Outcome.GONE);
  }

  @Test
  void acceptsAnyCertificateOnlyWhereVerificationIsSkipped() throws Exception {
    TestUpstream tls = closed(TestUpstream.https(certificates.server())).answering(404);
    URI byOtherName = URI.create("https://localhost:" + tls.port() + "/v2");

    assertThat(look(new UpstreamAddress(byOtherName, List.of(), true), Map.of()).outcome())
        .isEqualTo(Outcome.GONE);
  }

  @Test
  void aCertificateThatIsNotTrustedIsLikeARefusal() throws Exception {
    TestUpstream tls = closed(TestUpstream.https(certificates.server()));

    assertThat(look(UpstreamAddress.of("https://" + tls.authority() + "/v2"), Map.of()).outcome())
        .isEqualTo(Outcome.REFUSED);
    assertThat(tls.requests()).isEmpty();
  }

  @Test
  void aCertificateForAnotherNameIsLikeARefusal() throws Exception {
    TestUpstream tls = closed(TestUpstream.https(certificates.server()));

    assertThat(look(trusted("localhost:" + tls.port()), Map.of()).outcome())
        .isEqualTo(Outcome.REFUSED);
  }

  @Test
  void aRegistryWithoutTlsWhereTlsIsExpectedIsLikeARefusal() throws IOException {
    TestSocket clear =
        closed(
            new TestSocket(
                socket -> {
                  socket
                      .getOutputStream()
                      .write(
                          "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                  socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                }));

    assertThat(look(UpstreamAddress.of("https://" + clear.authority() + "/v2"), Map.of()).outcome())
        .isEqualTo(Outcome.REFUSED);
  }

  @Test
  void aConnectionCutWithinTheHandshakeIsNoAnswer() throws Exception {
    TestSocket cutting = closed(new TestSocket(socket -> socket.getInputStream().read()));

    assertThat(
            look(UpstreamAddress.of("https://" + cutting.authority() + "/v2"), Map.of()).outcome())
        .isEqualTo(Outcome.NO_ANSWER);
  }

  @Test
  void anAuthorityThatCannotBeReadMeansNotAsked() {
    UpstreamAddress address =
        new UpstreamAddress(
            URI.create("https://" + registry.authority() + "/v2"),
            List.of(folder.resolve("missing.pem")),
            false);

    assertThat(look(address, Map.of()).outcome()).isEqualTo(Outcome.NOT_ASKED);
  }

  // Redirects

  @Test
  void followsARedirectByHttpsWithoutTheToken() throws Exception {
    TestUpstream second = closed(TestUpstream.https(certificates.server())).answering(404);
    TestUpstream first = closed(TestUpstream.https(certificates.server()));
    TestUpstream tokens =
        closed(TestUpstream.https(certificates.server()))
            .answering(exchange -> body(exchange, "{\"token\":\"t\"}"));
    first.answering(
        exchange -> {
          if (exchange.getRequestHeaders().containsKey("Authorization")) {
            status(exchange, 307, "Location", "https://" + second.authority() + "/there");
          } else {
            needsToken("https://" + tokens.authority() + "/token", "t").handle(exchange);
          }
        });

    assertThat(look(trusted(first.authority()), Map.of()).outcome()).isEqualTo(Outcome.GONE);
    assertThat(second.requests()).hasSize(1);
    assertThat(second.requests().getFirst().method()).isEqualTo("HEAD");
    assertThat(second.requests().getFirst().headers()).doesNotContainKey("Authorization");
  }

  @Test
  void endsARedirectLoop() throws Exception {
    TestUpstream tls = closed(TestUpstream.https(certificates.server()));
    tls.answering(exchange -> status(exchange, 302, "Location", "/v2/again"));

    assertThat(look(trusted(tls.authority()), Map.of()).outcome()).isEqualTo(Outcome.REFUSED);
    assertThat(tls.requests()).hasSize(1 + AnonymousHead.MAX_REDIRECTS);
  }

  @Test
  void followsNoRedirectIntoTheClear() throws Exception {
    TestUpstream tls = closed(TestUpstream.https(certificates.server()));
    tls.answering(
        exchange -> status(exchange, 302, "Location", "http://" + registry.authority() + "/x"));

    assertThat(look(trusted(tls.authority()), Map.of()).outcome()).isEqualTo(Outcome.REFUSED);
    assertThat(registry.requests()).isEmpty();
  }

  // No answer

  @Test
  void nobodyListeningIsNoAnswer() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }

    assertThat(look(UpstreamAddress.of("http://127.0.0.1:" + port + "/v2"), Map.of()).outcome())
        .isEqualTo(Outcome.NO_ANSWER);
  }

  @Test
  void anUnknownNameIsNoAnswer() {
    assertThat(look(UpstreamAddress.of("https://registry.invalid/v2"), Map.of()).outcome())
        .isEqualTo(Outcome.NO_ANSWER);
  }

  @Test
  void silenceEndsWithinTheBound() throws IOException {
    TestSocket silent = closed(TestSocket.silent());

    for (String scheme : List.of("http", "https")) {
      UpstreamProbe probe = probe(scheme + "://" + silent.authority() + "/v2", SHORT);
      assertThat(probe.probe(tag("1.29")).join().outcome()).isEqualTo(Outcome.NO_ANSWER);
    }
    assertThat(silent.accepted()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "hello\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nDocker-Conte",
        "\u0000\u0001\u0002",
        "SSH-2.0-OpenSSH_9\r\n"
      })
  void nonsenseIsNoAnswer(String text) throws IOException {
    TestSocket nonsense = closed(TestSocket.saying(text));

    assertThat(
            look(UpstreamAddress.of("http://" + nonsense.authority() + "/v2"), Map.of()).outcome())
        .isEqualTo(Outcome.NO_ANSWER);
  }

  @Test
  void endlessHeadersAreNoAnswer() throws IOException {
    TestSocket endless =
        closed(TestSocket.saying("HTTP/1.1 200 OK\r\n" + "X-A: aaaaaaaa\r\n".repeat(100_000)));

    assertThat(
            look(UpstreamAddress.of("http://" + endless.authority() + "/v2"), Map.of()).outcome())
        .isEqualTo(Outcome.NO_ANSWER);
  }

  @Test
  void aTokenThatTricklesEndsWithinTheBound() throws IOException {
    CountDownLatch gone = new CountDownLatch(1);
    TestUpstream tokens =
        closed(TestUpstream.http())
            .answering(
                exchange -> {
                  exchange.sendResponseHeaders(200, 0);
                  trickle(exchange.getResponseBody(), gone);
                });
    registry.answering(needsToken("http://" + tokens.authority() + "/token", "x"));
    UpstreamProbe probe = probe("http://" + registry.authority() + "/v2", SHORT);

    assertThat(probe.probe(tag("1.29")).join().outcome()).isEqualTo(Outcome.NO_ANSWER);
    // And the connection is closed rather than left to trickle on
    assertThatCode(() -> assertThat(gone.await(10, TimeUnit.SECONDS)).isTrue())
        .doesNotThrowAnyException();
  }

  private static void trickle(OutputStream out, CountDownLatch gone) throws IOException {
    try {
      while (!Thread.interrupted()) {
        out.write(' ');
        out.flush();
        LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
      }
    } catch (IOException e) {
      gone.countDown();
      throw e;
    }
  }

  // Proxies

  @Test
  void asksThroughAProxy() throws IOException {
    TestUpstream proxy = closed(TestUpstream.http()).answering(429);
    Map<String, String> environment =
        Map.of("http_proxy", "http://user:secret@" + proxy.authority());

    assertThat(look(UpstreamAddress.of("http://registry.example/v2"), environment).outcome())
        .isEqualTo(Outcome.RATE_LIMITED);
    assertThat(proxy.requests().getFirst().target())
        .isEqualTo("http://registry.example/v2/library/nginx/manifests/1.29");
    assertThat(proxy.requests().getFirst().headers().getFirst("Proxy-Authorization"))
        .isEqualTo("Basic dXNlcjpzZWNyZXQ=");
  }

  @Test
  void asksByTlsThroughAProxysTunnelAndKeepsItsPasswordFromTheRegistry() throws Exception {
    List<String> heads = new CopyOnWriteArrayList<>();
    TestUpstream tls = closed(TestUpstream.https(certificates.server())).answering(404);
    TestSocket proxy = closed(TestSocket.tunnel(tls.port(), heads));
    Map<String, String> environment =
        Map.of("HTTPS_PROXY", "http://user:secret@" + proxy.authority());

    assertThat(look(trusted("registry.example"), environment).outcome()).isEqualTo(Outcome.GONE);
    assertThat(heads)
        .singleElement()
        .asString()
        .startsWith("CONNECT registry.example:443 ")
        .contains("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=");
    assertThat(tls.requests().getFirst().headers()).doesNotContainKey("Proxy-Authorization");
  }

  @Test
  void asksDirectlyWhatIsExempt() throws IOException {
    // Given a proxy that must not be asked for this name
    TestSocket proxy = closed(TestSocket.silent());
    Map<String, String> environment =
        Map.of("HTTP_PROXY", proxy.authority(), "NO_PROXY", "registry.invalid");

    assertThat(look(UpstreamAddress.of("http://registry.invalid/v2"), environment).outcome())
        .isEqualTo(Outcome.NO_ANSWER);
    assertThat(proxy.accepted()).isZero();
  }

  @Test
  void aProxyThatWantsAPasswordMeansNotAsked() throws IOException {
    TestSocket proxy =
        closed(
            TestSocket.saying(
                "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"));

    for (String scheme : List.of("http", "https")) {
      UpstreamAddress address = UpstreamAddress.of(scheme + "://registry.example/v2");
      Map<String, String> environment =
          Map.of("HTTP_PROXY", proxy.authority(), "HTTPS_PROXY", proxy.authority());
      assertThat(look(address, environment).outcome()).isEqualTo(Outcome.NOT_ASKED);
    }
  }

  @Test
  void aProxyThatDoesNotReachTheRegistryIsNoAnswer() throws IOException {
    TestSocket proxy =
        closed(TestSocket.saying("HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n"));
    Map<String, String> environment = Map.of("HTTPS_PROXY", proxy.authority());

    assertThat(look(UpstreamAddress.of("https://registry.example/v2"), environment).outcome())
        .isEqualTo(Outcome.NO_ANSWER);
  }

  @Test
  void aProxyThatCannotBeUsedMeansNotAsked() {
    Map<String, String> environment = Map.of("HTTP_PROXY", "socks5://127.0.0.1:1");

    assertThat(look(UpstreamAddress.of("http://registry.example/v2"), environment).outcome())
        .isEqualTo(Outcome.NOT_ASKED);
  }

  // What is remembered

  @ParameterizedTest
  @ValueSource(ints = {429, 500, 503})
  void aRegistryThatIsAwayIsAskedOnceForAllItsTags(int status) {
    registry.answering(status);
    UpstreamProbe probe = probe("http://" + registry.authority() + "/v2", BOUND);

    for (int i = 0; i < 10; i++) {
      probe.probe(tag("tag-" + i)).join();
    }
    assertThat(registry.requests()).hasSize(1);

    // When its time is over, it is asked again
    now.addAndGet(UpstreamProbe.AWAY.toNanos());
    registry.answering(404);
    assertThat(probe.probe(tag("tag-0")).join().outcome()).isEqualTo(Outcome.GONE);
  }

  @Test
  void anotherRegistryIsAskedForItself() throws IOException {
    TestUpstream other = closed(TestUpstream.http()).answering(404);
    registry.answering(503);
    UpstreamProbe probe = closed(new UpstreamProbe(Upstreams::usual, BOUND, Map.of(), now::get));

    assertThat(probe.probe(tag(registry.authority(), "a")).join().outcome())
        .isEqualTo(Outcome.BROKEN);
    assertThat(probe.probe(tag(other.authority(), "a")).join().outcome()).isEqualTo(Outcome.GONE);
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 404})
  void whatIsRefusedOrGoneIsRememberedForItsTagAlone(int status) {
    registry.answering(status);
    UpstreamProbe probe = probe("http://" + registry.authority() + "/v2", BOUND);

    probe.probe(tag("a")).join();
    probe.probe(tag("a")).join();
    assertThat(registry.requests()).hasSize(1);
    probe.probe(tag("b")).join();
    assertThat(registry.requests()).hasSize(2);

    now.addAndGet(UpstreamProbe.OF_TAG.toNanos());
    probe.probe(tag("a")).join();
    assertThat(registry.requests()).hasSize(3);
  }

  @Test
  void aTagThatExistsIsLookedAtEachTime() {
    registry.answering(200);
    UpstreamProbe probe = probe("http://" + registry.authority() + "/v2", BOUND);

    probe.probe(tag("a")).join();
    probe.probe(tag("a")).join();

    assertThat(registry.requests()).hasSize(2);
  }

  @Test
  void equalLooksUnderWayAreOneAndCancellingOneLeavesTheOthers() throws Exception {
    // Given a registry that has been asked and has not answered yet
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    registry.answering(
        exchange -> {
          asked.countDown();
          await(go);
          status(exchange, 200, "Docker-Content-Digest", DIGEST.toString());
        });
    UpstreamProbe probe = probe("http://" + registry.authority() + "/v2", BOUND.multipliedBy(5));
    CompletableFuture<ProbeResult> first = probe.probe(tag("a"));
    assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();

    // When others ask for the same, and the first does not want to know any longer
    List<CompletableFuture<ProbeResult>> others = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      others.add(probe.probe(tag("a")));
    }
    first.cancel(true);
    go.countDown();

    // Then they all have the one answer
    assertThat(others)
        .allSatisfy(other -> assertThat(other.join().outcome()).isEqualTo(Outcome.EXISTS));
    assertThat(registry.requests()).hasSize(1);
  }

  // Bounds

  @Test
  void aFloodIsNotAsked() throws Exception {
    // Given a registry that is slow, and as many looks as may run or wait
    CountDownLatch go = new CountDownLatch(1);
    registry.answering(
        exchange -> {
          await(go);
          status(exchange, 404);
        });
    UpstreamProbe probe = probe("http://" + registry.authority() + "/v2", BOUND.multipliedBy(5));
    List<CompletableFuture<ProbeResult>> looks = new ArrayList<>();
    for (int i = 0; i < UpstreamProbe.MAX_LOOKS + UpstreamProbe.MAX_WAITING; i++) {
      looks.add(probe.probe(tag("tag-" + i)));
    }

    // When one more comes
    CompletableFuture<ProbeResult> oneMore = probe.probe(tag("one-more"));

    // Then it is told at once, and the others are asked for, never too many at a time
    assertThat(oneMore.join().outcome()).isEqualTo(Outcome.NOT_ASKED);
    assertThat(registry.requests()).hasSizeLessThanOrEqualTo(UpstreamProbe.MAX_LOOKS);
    go.countDown();
    assertThat(looks).allSatisfy(look -> assertThat(look.join().outcome()).isEqualTo(Outcome.GONE));
  }

  @Test
  void whoWaitsWhileTheRegistryTurnsOutToBeAwayIsToldSo() throws IOException {
    // Given a registry that never answers, and more looks than may run
    TestSocket silent = closed(TestSocket.silent());
    UpstreamProbe probe = probe("http://" + silent.authority() + "/v2", SHORT);
    List<CompletableFuture<ProbeResult>> looks = new ArrayList<>();
    for (int i = 0; i < 2 * UpstreamProbe.MAX_LOOKS; i++) {
      looks.add(probe.probe(tag("tag-" + i)));
    }

    // Then all learn within the bound that it does not answer
    assertThat(looks)
        .allSatisfy(look -> assertThat(look.join().outcome()).isEqualTo(Outcome.NO_ANSWER));
    assertThat(silent.accepted()).isLessThanOrEqualTo(UpstreamProbe.MAX_LOOKS);
  }

  @Test
  void whatFailsToBeLookedUpMeansNotAsked() {
    UpstreamProbe probe =
        closed(
            new UpstreamProbe(
                registry -> {
                  throw new IllegalArgumentException("hosts.toml: line 3");
                },
                BOUND,
                Map.of()));

    assertThat(probe.probe(tag("a")).join().outcome()).isEqualTo(Outcome.NOT_ASKED);
  }

  @Test
  void closingTellsWhoWaits() throws IOException {
    TestSocket silent = closed(TestSocket.silent());
    UpstreamProbe probe = probe("http://" + silent.authority() + "/v2", BOUND);
    CompletableFuture<ProbeResult> look = probe.probe(tag("a"));

    probe.close();

    assertThat(look.join().outcome()).isIn(Outcome.NOT_ASKED, Outcome.NO_ANSWER);
    assertThat(probe.probe(tag("b")).join().outcome()).isEqualTo(Outcome.NOT_ASKED);
  }

  private ProbeResult look() {
    return look(UpstreamAddress.of("http://" + registry.authority() + "/v2"), Map.of());
  }

  private ProbeResult look(UpstreamAddress address, Map<String, String> environment) {
    return closed(new UpstreamProbe(name -> address, BOUND, environment)).probe(tag("1.29")).join();
  }

  private UpstreamProbe probe(String api, Duration bound) {
    UpstreamAddress address = UpstreamAddress.of(api);
    return closed(new UpstreamProbe(name -> address, bound, Map.of(), now::get));
  }

  private UpstreamAddress trusted(String authority) {
    assertThat(Files.exists(certificates.authority())).isTrue();
    return new UpstreamAddress(
        URI.create("https://" + authority + "/v2"), List.of(certificates.authority()), false);
  }

  private static HttpHandler needsToken(String realm, String token) {
    return exchange -> {
      if (("Bearer " + token).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
        status(exchange, 200, "Docker-Content-Digest", DIGEST.toString());
      } else {
        status(
            exchange,
            401,
            "WWW-Authenticate",
            "Bearer realm=\"" + realm + "\",service=\"test\",error=\"x\"");
      }
    };
  }

  private static Tag tag(String tag) {
    return tag("registry.example", tag);
  }

  private static Tag tag(String registry, String tag) {
    return new Tag(new Repository(registry, "library/nginx"), tag);
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private <T extends AutoCloseable> T closed(T closeable) {
    closeables.add(closeable);
    return closeable;
  }
}
