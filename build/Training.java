import static java.nio.charset.StandardCharsets.UTF_8;

import dev.registrymirror.agent.store.containerd.api.Descriptor;
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
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A short real use of the agent on loopback, from whose classes the JVM makes the AOT cache: with a
 * hosts.toml that it is configured in, what a containerd holds is served, looked at, and pulled,
 * another's image is pulled from a peer; then SIGTERM.
 *
 * @param folder the agent's, absolute, with its runtime
 * @param cache the file that is made
 * @param tls whether the agents talk by mutual TLS; what that takes is a cache's sixth, and all of
 *     a cache is resident
 */
record Training(Path folder, Path cache, boolean tls) {

  private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

  /** Until the agent is ready, and until it has ended and the cache is written. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Until the agent has asked containerd for all; it does so at once, where it can at all. */
  private static final Duration LISTED = Duration.ofSeconds(10);

  /**
   * Makes the cache where it is not there or older than what it is made of. Where the agent does
   * not run here there is none, which is said: the launcher does without, and starts slower.
   */
  void train() throws IOException, InterruptedException, GeneralSecurityException {
    if (isCurrent()) {
      return;
    }
    Files.deleteIfExists(cache);
    Path work = Files.createTempDirectory("mirror-agent-training");
    try {
      if (!use(work)) {
        Files.deleteIfExists(cache);
      }
    } finally {
      try (Stream<Path> files = Files.walk(work)) {
        files.sorted((one, other) -> other.compareTo(one)).map(Path::toFile).forEach(File::delete);
      }
    }
    if (!Files.exists(cache)) {
      System.out.println(
          "No " + cache.getFileName() + " was made: the agent runs without, and starts slower.");
    }
  }

  private boolean isCurrent() throws IOException {
    if (!Files.exists(cache)) {
      return false;
    }
    FileTime made = Files.getLastModifiedTime(cache);
    try (Stream<Path> parts =
        Stream.concat(
            Files.list(cache.getParent()), Stream.of(folder.resolve("runtime/release")))) {
      for (Path part : parts.toList()) {
        boolean isMadeOf = !part.toString().endsWith(".aot");
        if (isMadeOf && Files.getLastModifiedTime(part).compareTo(made) > 0) {
          return false;
        }
      }
    }
    return true;
  }

  /** Where an agent listens on loopback. */
  private record Ports(int registry, int peer, int metrics) {
    static Ports of(List<Integer> ports) {
      return new Ports(ports.get(0), ports.get(1), ports.get(2));
    }
  }

  /** Whether the agent was used; else the cache is of its failure. */
  private boolean use(Path work)
      throws IOException, InterruptedException, GeneralSecurityException {
    List<Integer> ports = freePorts(6);
    Ports own = Ports.of(ports.subList(0, 3));
    Ports other = Ports.of(ports.subList(3, 6));
    Path layout = work.resolve("layout");
    Path peersLayout = work.resolve("peer/layout");
    Descriptor manifest = makeLayout(layout, "{}");
    String peersManifest = makeLayout(peersLayout, "{\"os\": \"linux\"}").getDigest();
    configure(work, own);
    List<String> peerTls = tls ? PeerFiles.make(work).options() : List.of();
    List<String> peersStore = List.of("--oci-layout=" + peersLayout);
    Path socket = work.resolve("containerd.sock");
    // containerd's content store has the folders of a layout.
    List<String> ownStore = List.of("--containerd-socket=" + socket, "--content-store=" + layout);
    // Profiles are of use to C2 alone; without them 1.6 MiB less is resident.
    List<String> recorded = List.of("-XX:AOTCacheOutput=" + cache, "-XX:-AOTRecordTraining");
    Process peer = serve(work.resolve("peer"), List.of(), both(peersStore, peerTls), other, own);
    Process agent = serve(work, recorded, both(ownStore, peerTls), own, other);
    try (FakeContainerd containerd = new FakeContainerd(socket, manifest);
        HttpClient client = HttpClient.newHttpClient()) {
      String repository = "http://127.0.0.1:" + own.registry() + "/v2/training/image/";
      if (!answers(client, agent, "http://127.0.0.1:" + own.metrics() + "/readyz")
          || !answers(client, agent, repository + "blobs/" + peersManifest + "?ns=docker.io")) {
        System.out.println("The agent did not become ready, or did not find what its peer has:");
        System.out.println(Files.readString(work.resolve("log")));
        return false;
      }
      containerd.awaitListed(LISTED);
      String committed = commit(layout, "a blob that comes while the agent runs");
      if (!answers(client, agent, repository + "blobs/" + committed + "?ns=docker.io")) {
        System.out.println("The agent did not see a blob that was committed.");
        return false;
      }
      // Large enough to pass through the agent within the kernel.
      String large = commit(peersLayout, "x".repeat(1 << 20));
      if (!answers(client, agent, repository + "blobs/" + large + "?ns=docker.io")) {
        System.out.println("The agent did not find what its peer has now.");
        return false;
      }
      status(client, "GET", "http://127.0.0.1:" + own.metrics() + "/metrics");
      status(client, "GET", "http://127.0.0.1:" + own.metrics() + "/status");
      for (String digest :
          List.of(manifest.getDigest(), peersManifest, "sha256:" + "0".repeat(64))) {
        for (String path : List.of("manifests/", "blobs/")) {
          status(client, "HEAD", repository + path + digest + "?ns=docker.io");
          status(client, "GET", repository + path + digest + "?ns=docker.io");
        }
      }
      // What the agent's own image is to its peer.
      String peersRepository = "http://127.0.0.1:" + other.registry() + "/v2/training/image/";
      status(client, "GET", peersRepository + "blobs/" + committed + "?ns=docker.io");
      return true;
    } finally {
      end(agent);
      end(peer);
    }
  }

  /** As an init container does, where a hosts.toml is there already: the agent reads it too. */
  private void configure(Path work, Ports ports) throws IOException, InterruptedException {
    Path hosts = Files.createDirectories(work.resolve("certs.d/docker.io")).resolve("hosts.toml");
    Files.writeString(hosts, "server = \"https://registry-1.docker.io\"\n");
    List<String> options =
        List.of(
            "configure",
            "--hosts-dir=" + work.resolve("certs.d"),
            "--state-dir=" + work.resolve("state"),
            "--mirror=http://127.0.0.1:" + ports.registry(),
            "--registry=docker.io");
    awaitEnd(start(work, List.of(), options));
  }

  private Process serve(
      Path work, List<String> jvmOptions, List<String> more, Ports own, Ports other)
      throws IOException {
    List<String> options =
        List.of(
            "serve",
            "--node-ip=127.0.0.1",
            "--listen=127.0.0.1:" + own.registry(),
            "--peer-listen=127.0.0.1:" + own.peer(),
            "--metrics-listen=127.0.0.1:" + own.metrics(),
            "--seeds=127.0.0.1:" + own.peer() + ",127.0.0.1:" + other.peer(),
            "--hosts-dir=" + work.resolve("certs.d"),
            "--state-dir=" + work.resolve("state"));
    return start(work, jvmOptions, both(options, more));
  }

  private static List<String> both(List<String> some, List<String> others) {
    return Stream.concat(some.stream(), others.stream()).toList();
  }

  private Process start(Path work, List<String> jvmOptions, List<String> options)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(folder.resolve("runtime/bin/java").toString());
    command.add("@" + folder.resolve("lib/jvm.options"));
    command.addAll(jvmOptions);
    command.addAll(List.of("-jar", folder.resolve("lib/agent.jar").toString()));
    command.addAll(options);
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(work.resolve("log").toFile())
        .start();
  }

  private static void end(Process process) throws InterruptedException {
    process.destroy();
    awaitEnd(process);
  }

  private static void awaitEnd(Process process) throws InterruptedException {
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }

  /** Whether the address answers 200 while the agent lives and patience lasts. */
  private static boolean answers(HttpClient client, Process agent, String address)
      throws InterruptedException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (agent.isAlive() && System.nanoTime() < until) {
      if (status(client, "GET", address) == 200) {
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

  /** Writes an image without layers and describes its manifest. */
  private static Descriptor makeLayout(Path layout, String config) throws IOException {
    Files.createDirectories(layout.resolve("blobs/sha256"));
    Files.createDirectories(layout.resolve("ingest"));
    Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    String manifest =
        """
        {"schemaVersion": 2, "mediaType": "%s",
         "config": {"mediaType": "application/vnd.oci.image.config.v1+json", %s},
         "layers": []}
        """
            .formatted(MANIFEST, described(layout, config));
    Files.writeString(
        layout.resolve("index.json"),
        """
        {"schemaVersion": 2, "manifests": [
          {"mediaType": "%s", %s,
           "annotations": {"org.opencontainers.image.ref.name": "docker.io/training/image:1"}}]}
        """
            .formatted(MANIFEST, described(layout, manifest)));
    return Descriptor.newBuilder()
        .setMediaType(MANIFEST)
        .setDigest(digest(manifest))
        .setSize(manifest.length())
        .build();
  }

  /** Writes the blob and returns what a descriptor says of it. */
  private static String described(Path layout, String blob) throws IOException {
    return "\"digest\": \"%s\", \"size\": %d".formatted(commit(layout, blob), blob.length());
  }

  /** Writes the blob as containerd does: renamed into its folder when it is whole. */
  private static String commit(Path layout, String blob) throws IOException {
    String digest = digest(blob);
    Path whole = Files.writeString(layout.resolve("ingest/data"), blob);
    Files.move(whole, layout.resolve("blobs").resolve(digest.replace(':', '/')));
    return digest;
  }

  private static String digest(String text) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return "sha256:" + HexFormat.of().formatHex(hash);
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
