package dev.registrymirror.agent.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.RawClient;
import dev.registrymirror.agent.RawClient.End;
import dev.registrymirror.agent.RawClient.Reply;
import dev.registrymirror.agent.TestAgent;
import dev.registrymirror.agent.credentials.Credential;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.TestImage;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What containerd sees of one agent: the distribution spec over real sockets. */
class MirrorTest {

  private static final String MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
  private static final int LAYER_BYTES = 3_000_000;

  @TempDir private Path folder;
  private final TestImage image = TestImage.of(1, LAYER_BYTES);
  private final byte[] layer = image.blobs().get(image.layer());
  private TestAgent agent;

  @BeforeEach
  void anAgentWithAnImage() throws IOException {
    start(new TestAgent.Setup());
  }

  private void start(TestAgent.Setup setup) throws IOException {
    agent = new TestAgent(folder, setup);
    for (var blob : image.blobs().entrySet()) {
      agent.put(blob.getKey(), blob.getValue());
    }
    HeldBlobs.await(agent, image.blobs().keySet());
  }

  @AfterEach
  void stop() {
    agent.close();
  }

  private URI blob(Digest digest) {
    return agent.uri("/v2/library/app/blobs/" + digest + "?ns=docker.io");
  }

  private URI manifest(String reference) {
    return agent.uri("/v2/library/app/manifests/" + reference + "?ns=docker.io");
  }

  @Test
  void speaksTheProtocol() throws IOException {
    Reply reply = RawClient.get(agent.uri("/v2/"));

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.header("Docker-Distribution-Api-Version")).isEqualTo("registry/2.0");
  }

  @Test
  void servesABlob() throws IOException {
    Reply reply = RawClient.get(blob(image.layer()));

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.body()).isEqualTo(layer);
    assertThat(reply.header("Content-Type")).isEqualTo("application/octet-stream");
    assertThat(reply.header("Docker-Content-Digest")).isEqualTo(image.layer().toString());
    assertThat(reply.header("OCI-Namespace")).isEqualTo("docker.io");
    assertThat(reply.header("Accept-Ranges")).isEqualTo("bytes");
  }

  @Test
  void servesABlobOfSha512() throws Exception {
    byte[] bytes = {1, 2, 3};
    String hex = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-512").digest(bytes));
    Digest digest = Digest.parse("sha512:" + hex);
    agent.put(digest, bytes);
    HeldBlobs.await(agent, Set.of(digest));

    assertThat(RawClient.get(blob(digest)).body()).isEqualTo(bytes);
  }

  @Test
  void servesAnEmptyBlob() throws IOException {
    Digest empty = TestImage.digest(new byte[0]);
    agent.put(empty, new byte[0]);
    HeldBlobs.await(agent, Set.of(empty));

    Reply reply = RawClient.get(blob(empty));

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.header("Content-Length")).isEqualTo("0");
    assertThat(reply.end()).isEqualTo(End.WHOLE);
  }

  @Test
  void servesTheHeadOfAManifest() throws IOException {
    Reply reply = RawClient.head(manifest(image.manifest().toString()));

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.header("Content-Type")).isEqualTo(MANIFEST_TYPE);
    assertThat(reply.header("Content-Length"))
        .isEqualTo("" + image.blobs().get(image.manifest()).length);
    assertThat(reply.header("Docker-Content-Digest")).isEqualTo(image.manifest().toString());
  }

  @ParameterizedTest
  @CsvSource({
    "bytes=0-0, 0, 1",
    "bytes=0-, 0, 3000000",
    "bytes=100-199, 100, 200",
    "bytes=2999999-, 2999999, 3000000",
    "bytes=-5, 2999995, 3000000",
    "bytes=100-9999999, 100, 3000000"
  })
  void servesARange(String range, int start, int end) throws IOException {
    Reply reply = RawClient.get(blob(image.layer()), "Range: " + range);

    assertThat(reply.status()).isEqualTo(206);
    assertThat(reply.body()).isEqualTo(Arrays.copyOfRange(layer, start, end));
    assertThat(reply.header("Content-Range"))
        .isEqualTo("bytes " + start + "-" + (end - 1) + "/" + LAYER_BYTES);
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes=3000000-", "bytes=-0"})
  void refusesARangeOutsideOfTheBlob(String range) throws IOException {
    Reply reply = RawClient.get(blob(image.layer()), "Range: " + range);

    assertThat(reply.status()).isEqualTo(416);
    assertThat(reply.header("Content-Range")).isEqualTo("bytes */3000000");
    assertThat(reply.text()).contains("\"code\":\"RANGE_INVALID\"");
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /v2/a/blobs/sha256:zz, 400, DIGEST_INVALID",
    "GET, /v2/A/blobs/sha256:zz, 400, NAME_INVALID",
    "GET, /v2/a%2Fb/manifests/1, 400, NAME_INVALID",
    "GET, /v2/../x/manifests/1, 400, NAME_INVALID",
    "GET, /v2/a/manifests/-1, 400, MANIFEST_INVALID",
    "GET, /v2/a/manifests/1?ns=no%20where, 400, NAME_INVALID",
    "GET, /nothing, 404, NAME_UNKNOWN",
    "POST, /v2/a/blobs/uploads/, 405, UNSUPPORTED",
    "DELETE, /v2/a/manifests/1, 405, UNSUPPORTED",
    "GET, /v2/a/manifests/latest, 404, MANIFEST_UNKNOWN",
  })
  void answersErrorsInTheSpecsForm(String method, String path, int status, String code)
      throws IOException {
    try (RawClient client = new RawClient(agent.uri("/"))) {
      client.send(method + " " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
      Reply reply = client.receive(false);

      assertThat(reply.status()).isEqualTo(status);
      assertThat(reply.text()).startsWith("{\"errors\":[{\"code\":\"" + code + "\",\"message\":\"");
      assertThat(reply.header("Content-Type")).isEqualTo("application/json");
    }
  }

  @Test
  void says404ForWhatNobodyHas() throws IOException {
    Digest other = TestImage.digest(new byte[] {9});

    assertThat(RawClient.get(blob(other)).text()).contains("BLOB_UNKNOWN");
    assertThat(RawClient.get(manifest(other.toString())).text()).contains("MANIFEST_UNKNOWN");
  }

  @Test
  void says404ForAManifestThatIsNone() throws IOException {
    assertThat(RawClient.get(manifest(image.layer().toString())).status()).isEqualTo(404);
  }

  @Test
  void endsWithoutAnAnswerOnFallbackForWhatNobodyHas() throws IOException {
    URI other = agent.uri("/fallback/v2/a/blobs/" + TestImage.digest(new byte[] {9}));

    Reply reply = RawClient.get(other);

    assertThat(reply.status()).isZero();
    assertThat(reply.end()).isEqualTo(End.FIN);
  }

  @ParameterizedTest
  @CsvSource({
    "containerd/1.6.20~ds1, 404",
    "containerd/v1.7.35, 404",
    "containerd/v2.4.2, 0",
    "containerd/v10.1.0, 0",
    "Go-http-client/1.1, 0"
  })
  void endsOnFallbackAsThatReleasePassesOver(String userAgent, int status) throws IOException {
    URI digest = agent.uri("/fallback/v2/a/manifests/" + TestImage.digest(new byte[] {9}));
    URI tag = agent.uri("/fallback/v2/a/manifests/1?ns=registry.invalid");

    for (URI unknown : List.of(digest, tag)) {
      Reply reply = RawClient.get(unknown, "User-Agent: " + userAgent);

      assertThat(reply.status()).isEqualTo(status);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\0\0\0\0garbage\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n",
      })
  void refusesWhatIsNoHttp(String garbage) throws IOException {
    try (RawClient client = new RawClient(agent.uri("/"))) {
      client.send(garbage);
      Reply reply = client.receive(false);

      assertThat(reply.status()).isIn(0, 400);
      assertThat(reply.end()).isNotEqualTo(End.RESET);
    }
    assertThat(RawClient.get(agent.uri("/v2/")).status()).isEqualTo(200);
  }

  @Test
  void refusesOversizeHeadersAndLines() throws IOException {
    String large = "x".repeat(20_000);

    assertThat(RawClient.get(agent.uri("/v2/"), "X-Large: " + large).status()).isEqualTo(431);
    assertThat(RawClient.get(agent.uri("/v2/" + large)).status()).isEqualTo(431);
  }

  @Test
  void refusesOversizeBodies() throws IOException {
    try (RawClient client = new RawClient(agent.uri("/"))) {
      client.send("POST /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");

      assertThat(client.receive(false).status()).isEqualTo(413);
    }
  }

  @Test
  void answersPipelinedRequestsInOrder() throws IOException {
    try (RawClient client = new RawClient(agent.uri("/"))) {
      client.send("GET", blob(image.layer()));
      client.send("GET", blob(image.config()));

      assertThat(client.receive(false).body()).isEqualTo(layer);
      assertThat(client.receive(false).body()).isEqualTo(image.blobs().get(image.config()));
    }
  }

  @Test
  void survivesAClientThatHalfClosesOrLeaves() throws IOException {
    try (RawClient client = new RawClient(agent.uri("/"))) {
      client.send("GET", blob(image.layer()));
      client.socket().shutdownOutput();
    }
    try (RawClient client = new RawClient(agent.uri("/"))) {
      client.send("GET /v2/ HT");
    }

    assertThat(RawClient.get(blob(image.layer())).body()).isEqualTo(layer);
  }

  @Test
  void withACredentialServesOnlyThoseWhoShowIt() throws IOException {
    agent.close();
    TestAgent.Setup setup = new TestAgent.Setup();
    setup.credentialFile =
        Optional.of(Files.writeString(folder.resolve("credential"), "node:new\nnode:old\n"));
    start(setup);

    // 404, never 401: containerd would answer a challenge with the pull secret.
    assertThat(RawClient.get(blob(image.config())).status()).isEqualTo(404);
    assertThat(RawClient.get(agent.uri("/v2/")).status()).isEqualTo(404);
    assertThat(RawClient.get(blob(image.config()), basic("node:wrong")).status()).isEqualTo(404);
    assertThat(RawClient.get(blob(image.config()), basic("node:new")).status()).isEqualTo(200);
    assertThat(RawClient.get(blob(image.config()), basic("node:old")).status()).isEqualTo(200);
  }

  private static String basic(String pair) {
    return "Authorization: " + Credential.parse(pair).authorization();
  }
}
