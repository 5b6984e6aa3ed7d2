import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A short real use of the agent on loopback, from whose classes the JVM makes the AOT cache: an OCI
 * image layout with one image is served, looked at, and pulled; then SIGTERM.
 *
 * @param folder the agent's, absolute, with its runtime
 */
record Training(Path folder) {

  /** Until the agent is ready, and until it has ended and the cache is written. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /**
   * Makes the cache where it is not there or older than what it is made of. Where the agent does
   * not run here there is none, which is said: the launcher does without, and starts slower.
   */
  void train() throws IOException, InterruptedException {
    Path cache = folder.resolve("lib/mirror-agent.aot");
    if (isCurrent(cache)) {
      return;
    }
    Files.deleteIfExists(cache);
    Path work = Files.createTempDirectory("mirror-agent-training");
    try {
      if (!use(work, cache)) {
        Files.deleteIfExists(cache);
      }
    } finally {
      try (Stream<Path> files = Files.walk(work)) {
        files.sorted((one, other) -> other.compareTo(one)).map(Path::toFile).forEach(File::delete);
      }
    }
    if (!Files.exists(cache)) {
      System.out.println("No AOT cache was made: the agent runs without, and starts slower.");
    }
  }

  private boolean isCurrent(Path cache) throws IOException {
    if (!Files.exists(cache)) {
      return false;
    }
    FileTime made = Files.getLastModifiedTime(cache);
    try (Stream<Path> parts =
        Stream.concat(
            Files.list(cache.getParent()), Stream.of(folder.resolve("runtime/release")))) {
      for (Path part : parts.toList()) {
        if (Files.getLastModifiedTime(part).compareTo(made) > 0) {
          return false;
        }
      }
    }
    return true;
  }

  /** Whether the agent was used; else the cache is of its failure. */
  private boolean use(Path work, Path cache) throws IOException, InterruptedException {
    String manifest = makeLayout(work.resolve("layout"));
    List<Integer> ports = freePorts(3);
    Process agent =
        new ProcessBuilder(
                folder.resolve("runtime/bin/java").toString(),
                "@" + folder.resolve("lib/jvm.options"),
                "-XX:AOTCacheOutput=" + cache,
                "-jar",
                folder.resolve("lib/agent.jar").toString(),
                "serve",
                "--oci-layout=" + work.resolve("layout"),
                "--node-ip=127.0.0.1",
                "--listen=127.0.0.1:" + ports.get(0),
                "--peer-listen=127.0.0.1:" + ports.get(1),
                "--metrics-listen=127.0.0.1:" + ports.get(2),
                "--hosts-dir=" + work.resolve("certs.d"),
                "--state-dir=" + work.resolve("state"))
            .redirectErrorStream(true)
            .redirectOutput(work.resolve("log").toFile())
            .start();
    try (HttpClient client = HttpClient.newHttpClient()) {
      if (!isReady(client, agent, "http://127.0.0.1:" + ports.get(2) + "/readyz")) {
        System.out.println("The agent did not become ready:");
        System.out.println(Files.readString(work.resolve("log")));
        return false;
      }
      status(client, "GET", "http://127.0.0.1:" + ports.get(2) + "/metrics");
      status(client, "GET", "http://127.0.0.1:" + ports.get(2) + "/status");
      for (int port : ports.subList(0, 2)) {
        String repository = "http://127.0.0.1:" + port + "/v2/training/image/";
        for (String path : List.of("manifests/", "blobs/")) {
          status(client, "HEAD", repository + path + manifest + "?ns=docker.io");
          status(client, "GET", repository + path + manifest + "?ns=docker.io");
        }
        status(client, "GET", repository + "blobs/sha256:" + "0".repeat(64) + "?ns=docker.io");
      }
      return true;
    } finally {
      agent.destroy();
      if (!agent.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        agent.destroyForcibly();
      }
    }
  }

  private static boolean isReady(HttpClient client, Process agent, String readiness)
      throws InterruptedException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (agent.isAlive() && System.nanoTime() < until) {
      if (status(client, "GET", readiness) == 200) {
        return true;
      }
      agent.waitFor(50, TimeUnit.MILLISECONDS);
    }
    return false;
  }

  /** The answer's status, or -1 where there is none. */
  private static int status(HttpClient client, String method, String address)
      throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(address))
            .timeout(Duration.ofSeconds(5))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build();
    try {
      return client.send(request, BodyHandlers.discarding()).statusCode();
    } catch (IOException e) {
      return -1;
    }
  }

  private static List<Integer> freePorts(int count) throws IOException {
    ServerSocket[] sockets = new ServerSocket[count];
    Integer[] ports = new Integer[count];
    for (int i = 0; i < count; i++) {
      sockets[i] = new ServerSocket();
      sockets[i].bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      ports[i] = sockets[i].getLocalPort();
    }
    for (ServerSocket socket : sockets) {
      socket.close();
    }
    return List.of(ports);
  }

  /** Writes an image without layers and returns its manifest's digest. */
  private static String makeLayout(Path layout) throws IOException {
    Files.createDirectories(layout.resolve("blobs/sha256"));
    Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    String config = "{}";
    String manifest =
        """
        {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
         "config": {"mediaType": "application/vnd.oci.image.config.v1+json", %s},
         "layers": []}
        """
            .formatted(described(layout, config));
    Files.writeString(
        layout.resolve("index.json"),
        """
        {"schemaVersion": 2, "manifests": [
          {"mediaType": "application/vnd.oci.image.manifest.v1+json", %s,
           "annotations": {"org.opencontainers.image.ref.name": "docker.io/training/image:1"}}]}
        """
            .formatted(described(layout, manifest)));
    return "sha256:" + sha256(manifest);
  }

  /** Writes the blob and returns what a descriptor says of it. */
  private static String described(Path layout, String blob) throws IOException {
    Files.writeString(layout.resolve("blobs/sha256").resolve(sha256(blob)), blob);
    return "\"digest\": \"sha256:%s\", \"size\": %d".formatted(sha256(blob), blob.length());
  }

  private static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
