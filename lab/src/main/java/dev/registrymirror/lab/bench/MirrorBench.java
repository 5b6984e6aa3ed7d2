package dev.registrymirror.lab.bench;

import static dev.registrymirror.lab.bench.Bench.say;
import static dev.registrymirror.lab.images.ImageRecipe.MIB;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.AgentMirror;
import dev.registrymirror.lab.Lab;
import dev.registrymirror.lab.Mirror;
import dev.registrymirror.lab.Node;
import dev.registrymirror.lab.Pull;
import dev.registrymirror.lab.SpegelMirror;
import dev.registrymirror.lab.bench.Figure.Side;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.Tools;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/**
 * One mirror and its peer: ours, ours with TLS, nginx proxying to nginx, and Spegel where {@code
 * SPEGEL} names its binary, each on two nodes with real containerds.
 *
 * <p>What is compared is measured in turns (A B C A B C …), so that what else the machine does
 * touches all alike. Nothing is asserted but that the bytes came from the peer.
 */
final class MirrorBench {

  private static final int ROUNDS = 5;
  private static final int PULLS = 20;
  private static final int HEADS = 1000;
  private static final int BLOBS_ONE_STREAM = 10;
  private static final int BLOBS_EACH_OF_FOUR = 5;
  private static final int FOUND = 200;
  private static final int NOT_FOUND = 404;
  private static final long HUNDRED_MB = 100_000_000;
  private static final double GIB = 1 << 30;
  private static final Duration BOUND = Duration.ofSeconds(60);

  /** Without requests, before memory is looked at: runtimes give back what they held for them. */
  private static final Duration QUIET = Duration.ofSeconds(15);

  private final Table table = new Table();
  private final Lab lab;
  private final List<Contender> contenders = new ArrayList<>();
  private final Random random = new Random(1);
  private Image big;
  private Image small;

  private MirrorBench(Lab lab) {
    this.lab = lab;
  }

  /** Measures all, some minutes, and returns the table. */
  static String measure() {
    try (Lab lab = Lab.create()) {
      MirrorBench bench = new MirrorBench(lab);
      bench.prepare();
      bench.run();
      return bench.table.markdown();
    }
  }

  private void prepare() {
    say("nodes with " + lab.newestContainerd() + ", and their images from upstream");
    // First of all, as its nodes look for the lab's first node.
    SpegelMirror.find()
        .ifPresentOrElse(
            spegel -> add(Side.SPEGEL, spegel, SpegelMirror.REGISTRY_PORT),
            () -> say("no Spegel to compare with: SPEGEL=<its binary> adds it"));
    add(Side.MIRROR, List.of());
    add(Side.MIRROR_TLS, PeerCertificates.make(lab.directory()));
    addNginx();
    big = lab.upstream().push(ImageRecipe.named("bench:1").layers(5, HUNDRED_MB));
    small = lab.upstream().push(ImageRecipe.named("bench:2").layers(3, 5 * MIB));
    for (Contender contender : contenders) {
      contender.provider().pull(big.reference());
      contender.provider().pull(small.reference());
    }
    contenders.forEach(Contender::start);
  }

  private void add(Side side, List<String> tls) {
    List<String> options = new ArrayList<>(tls);
    Node provider = node(side, "provider");
    Node puller = node(side, "puller");
    options.add("--seeds");
    options.add(
        provider.endpoint(AgentMirror.PEER_PORT) + "," + puller.endpoint(AgentMirror.PEER_PORT));
    Mirror mirror = new AgentMirror(options, List.of());
    contenders.add(
        new Contender(side, provider, puller, mirror, mirror, AgentMirror.REGISTRY_PORT));
  }

  private void add(Side side, Mirror mirror, int port) {
    contenders.add(
        new Contender(side, node(side, "provider"), node(side, "puller"), mirror, mirror, port));
  }

  private void addNginx() {
    Node provider = node(Side.NGINX, "provider");
    Nginx files = new Nginx(Tools.prepare().nginx(), Optional.empty());
    Nginx proxy = new Nginx(files.binary(), Optional.of(provider));
    contenders.add(
        new Contender(Side.NGINX, provider, node(Side.NGINX, "puller"), files, proxy, Nginx.PORT));
  }

  private Node node(Side side, String what) {
    String name = side.name().toLowerCase(Locale.ROOT).replace('_', '-');
    return lab.node(name + "-" + what, lab.newestContainerd());
  }

  private void run() {
    contenders.forEach(this::awaitFound);
    say("memory, idle");
    memory(Figure.RSS_IDLE, Figure.RSS_IDLE_ANONYMOUS);
    say(PULLS + " pulls");
    pulls(false);
    say("memory, after the pulls");
    memory(Figure.RSS_PULLED, Figure.RSS_PULLED_ANONYMOUS);
    say("a blob from a peer");
    streams();
    say("HEAD");
    heads();
    say(PULLS + " pulls more");
    pulls(true);
    say("memory, after all");
    memory(Figure.RSS_WORKED, Figure.RSS_WORKED_ANONYMOUS);
    for (Contender contender : mirrors()) {
      double peak = contender.usage().mapToDouble(Usage::peakMiB).max().orElseThrow();
      table.add(Figure.RSS_PEAK, contender.side(), peak);
    }
    say("start to Ready");
    starts();
  }

  /** Those that find blobs by themselves. */
  private List<Contender> mirrors() {
    return contenders.stream().filter(contender -> contender.side() != Side.NGINX).toList();
  }

  private void awaitFound(Contender contender) {
    Await.until(
        contender.side().heading + " finds what the provider has",
        BOUND,
        () ->
            Stream.of(big, small)
                .flatMap(image -> image.layers().stream())
                .allMatch(layer -> isFound(contender, layer)));
  }

  private static boolean isFound(Contender contender, Digest digest) {
    try (HeadClient client = new HeadClient(contender.blob(digest))) {
      client.head(contender.blob(digest), FOUND);
      return true;
    } catch (LabException notYet) {
      return false;
    }
  }

  private void memory(Figure resident, Figure anonymous) {
    long end = System.nanoTime() + QUIET.toNanos();
    Await.until("all are idle", QUIET.plus(BOUND), () -> System.nanoTime() > end);
    for (Contender contender : mirrors()) {
      Usage most = most(contender);
      table.add(resident, contender.side(), most.residentMiB());
      table.add(anonymous, contender.side(), most.anonymousMiB());
    }
  }

  /** Of the one of its two mirrors that has more. */
  private static Usage most(Contender contender) {
    return contender.usage().max(Comparator.comparingDouble(Usage::residentMiB)).orElseThrow();
  }

  private void streams() {
    Digest blob = big.layers().getFirst();
    contenders.forEach(contender -> contender.fetch(blob, 4, 2));
    for (int round = 0; round < ROUNDS; round++) {
      for (Contender contender : contenders) {
        double seconds = contender.fetch(blob, 1, BLOBS_ONE_STREAM);
        table.add(
            Figure.ONE_STREAM, contender.side(), BLOBS_ONE_STREAM * HUNDRED_MB / 1e6 / seconds);
      }
      for (Contender contender : contenders) {
        int blobs = 4 * BLOBS_EACH_OF_FOUR;
        double before = contender.cpuSeconds();
        double seconds = contender.fetch(blob, 4, BLOBS_EACH_OF_FOUR);
        double cpu = contender.cpuSeconds() - before;
        table.add(Figure.FOUR_STREAMS, contender.side(), blobs * HUNDRED_MB / 1e6 / seconds);
        table.add(Figure.CPU_PER_GIB, contender.side(), cpu / (blobs * HUNDRED_MB / GIB));
      }
    }
  }

  private void heads() {
    for (int round = -1; round < ROUNDS; round++) {
      for (Contender contender : mirrors()) {
        Samples hits = heads(contender, FOUND);
        Samples misses = heads(contender, NOT_FOUND);
        // The first is to warm up.
        if (round >= 0) {
          table.add(Figure.HEAD_HIT_P50, contender.side(), hits.median());
          table.add(Figure.HEAD_HIT_P99, contender.side(), hits.percentile(99));
          table.add(Figure.HEAD_MISS_P50, contender.side(), misses.median());
          table.add(Figure.HEAD_MISS_P99, contender.side(), misses.percentile(99));
        }
      }
    }
  }

  private Samples heads(Contender contender, int expected) {
    List<Digest> held = big.layers();
    List<Double> millis = new ArrayList<>();
    try (HeadClient client = new HeadClient(contender.blob(held.getFirst()))) {
      for (int i = 0; i < HEADS; i++) {
        // Never the same twice where nobody has it: that it is not there could be remembered.
        Digest digest = expected == FOUND ? held.get(i % held.size()) : anyDigest();
        millis.add(client.head(contender.blob(digest), expected));
      }
    }
    return new Samples(millis);
  }

  private Digest anyDigest() {
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    return Digest.parse("sha256:" + HexFormat.of().formatHex(bytes));
  }

  /**
   * @param timed whether they count: where mirrors are warm, as the nodes' mirrors are that run for
   *     days
   */
  private void pulls(boolean timed) {
    for (int pull = 0; pull < PULLS; pull++) {
      Image image = pull < ROUNDS ? big : small;
      for (Contender contender : mirrors()) {
        Pull pulled = contender.puller().pull(image.reference());
        if (pulled.bytesFromPeers() < image.bytes()) {
          throw new LabException(contender.side().heading + " went upstream: " + pulled);
        }
        if (timed && pull < ROUNDS) {
          table.add(Figure.ONE_MORE_NODE, contender.side(), pulled.took().toNanos() / 1e9);
        }
        contender.puller().removeImage(image.reference());
        Await.until(
            "containerd has dropped the layers",
            BOUND,
            () -> image.layers().stream().noneMatch(contender.puller()::holds));
      }
    }
  }

  private void starts() {
    for (int round = 0; round < ROUNDS; round++) {
      for (Contender contender : mirrors()) {
        contender.puller().mirror().terminate();
        long start = System.nanoTime();
        contender.puller().startConfiguredMirror(contender.onPuller());
        table.add(Figure.READY, contender.side(), (System.nanoTime() - start) / 1e9);
      }
    }
  }
}
