package dev.registrymirror.lab.demo;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.demo.Delivery.Source;
import dev.registrymirror.lab.demo.Stage.Actor;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.Http;
import dev.registrymirror.lab.machine.LabException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * One image on many nodes. Where nodes can follow each other's downloads: on five at the same
 * moment, then on a sixth without upstream. Else: from upstream, from the first node, and without
 * upstream.
 */
public final class Story {

  /** 315 MB in four layers: large enough to see it flow, small enough for a laptop. */
  public static final ImageRecipe IMAGE =
      ImageRecipe.named("demo:1").layers(4, 75 * ImageRecipe.MIB);

  /** What the registry's link carries, in 10^6 bit/s: slow as the Internet, not as the rack. */
  static final int UPSTREAM_MBIT = 200;

  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(500);
  private static final Duration ANNOUNCED_BOUND = Duration.ofSeconds(10);
  private static final int BAR = 20;

  private final Screen screen;
  private final ImageRecipe recipe;

  /**
   * @param terminal whether {@code out} is one: then a line changes while a pull is under way
   */
  public Story(PrintStream out, boolean terminal, ImageRecipe recipe) {
    this.screen = new Screen(out, terminal);
    this.recipe = recipe;
  }

  /**
   * Plays it.
   *
   * @return whether all bytes came from where they should
   * @throws LabException where something fails that has nothing to do with where bytes come from
   */
  public boolean play(Stage stage) {
    stage.scene().forEach(screen::line);
    screen.line("");
    Image image =
        during("making an image and pushing it to the registry", () -> stage.push(recipe));
    List<Actor> nodes = during("starting the nodes and their agents", stage::actors);
    screen.line("");

    List<String> objections =
        stage.hasHerd() ? playHerd(stage, nodes, image) : playInTurn(stage, nodes, image);
    objections.forEach(objection -> screen.line("WRONG: " + objection + "."));
    return objections.isEmpty();
  }

  private List<String> playHerd(Stage stage, List<Actor> nodes, Image image) {
    List<Actor> herd = nodes.subList(0, nodes.size() - 1);
    Actor last = nodes.getLast();
    screen.line(
        "1. %d nodes pull %s at the same moment. No node has it: one of them goes"
            .formatted(herd.size(), image.reference()));
    screen.line("   upstream for each layer, and the others follow its download as it grows.");
    List<Delivery> deliveries = new ArrayList<>(pull(herd, image));
    List<String> objections = new ArrayList<>();
    Delivery.objection(deliveries, image.bytes()).ifPresent(objections::add);
    long eachForItself = herd.size() * image.bytes();
    screen.line(
        "   From upstream came %s MB. Each for itself, they would have taken %s MB from there,"
            .formatted(
                Delivery.megabytes(Delivery.fromUpstream(deliveries)),
                Delivery.megabytes(eachForItself)));
    screen.line(
        "   which its %d Mbit/s carry in %.0f s at best."
            .formatted(UPSTREAM_MBIT, eachForItself * 8 / 1e6 / UPSTREAM_MBIT));
    screen.line("");
    awaitFound(image, last);
    stage.cutUpstreamOff();
    screen.line(
        "2. The registry is cut off now. %s pulls the same tag: its peers have it, so that"
            .formatted(last.name()));
    screen.line("   succeeds.");
    Delivery alone = pull(List.of(last), image).getFirst();
    deliveries.add(alone);
    alone.objection(Source.PEERS, image.bytes()).ifPresent(objections::add);
    screen.line("");
    table(deliveries);
    if (objections.isEmpty()) {
      everyByte(image, "was taken");
      screen.line(
          "from upstream once, within %.0f%%. Six nodes, one download."
              .formatted(Delivery.HEADERS * 100));
    }
    return objections;
  }

  private List<String> playInTurn(Stage stage, List<Actor> nodes, Image image) {
    List<Delivery> deliveries = new ArrayList<>();
    screen.line("1. n1 pulls " + image.reference() + ". No node has it yet, so it comes from");
    screen.line("   upstream, as it would without a mirror.");
    deliveries.addAll(pull(nodes.subList(0, 1), image));
    screen.line("");
    awaitFound(image, nodes.get(1));
    screen.line("2. n2 pulls it too. n1 has it, and sends it: faster, and no second download.");
    deliveries.addAll(pull(nodes.subList(1, 2), image));
    screen.line("");
    awaitFound(image, nodes.get(2));
    stage.cutUpstreamOff();
    screen.line(
        "3. The registry is cut off now. n3 pulls the same tag: its peers have it, so that"
            + " succeeds.");
    deliveries.addAll(pull(nodes.subList(2, 3), image));
    screen.line("");
    table(deliveries);
    List<Source> expected = List.of(Source.UPSTREAM, Source.PEERS, Source.PEERS);
    List<String> objections = new ArrayList<>();
    for (int i = 0; i < deliveries.size(); i++) {
      deliveries.get(i).objection(expected.get(i), image.bytes()).ifPresent(objections::add);
    }
    if (objections.isEmpty()) {
      everyByte(image, "headers may");
      screen.line(
          "add %.0f%%, and no more than %.0f%% of it came from elsewhere. Three nodes, one download."
              .formatted(Delivery.HEADERS * 100, Delivery.ELSEWHERE * 100));
    }
    return objections;
  }

  private void everyByte(Image image, String more) {
    screen.line(
        "Every byte came from where it should: the image is %s MB, %s"
            .formatted(Delivery.megabytes(image.bytes()), more));
  }

  // What a node has just pulled is announced within 100 ms: another would rarely ask so soon.
  private static void awaitFound(Image image, Actor node) {
    try (Http http = new Http()) {
      for (Digest layer : image.layers()) {
        String path = "/v2/" + image.repository() + "/blobs/" + layer + "?ns=" + image.registry();
        Await.until(
            node.name() + " finds " + layer,
            ANNOUNCED_BOUND,
            () -> http.has(node.mirror().resolve(path)));
      }
    }
  }

  private <T> T during(String what, Supplier<T> work) {
    long start = System.nanoTime();
    screen.now(List.of("   " + what + "..."));
    T result = work.get();
    screen.line("   %-50s %5s s".formatted(what, seconds(start)));
    return result;
  }

  /** At the same moment on all of these nodes. */
  private List<Delivery> pull(List<Actor> nodes, Image image) {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<PullUnderWay> pulls =
          nodes.stream().map(node -> PullUnderWay.begin(node, image, threads)).toList();
      CompletableFuture<Void> all =
          CompletableFuture.allOf(
              pulls.stream().map(PullUnderWay::done).toArray(CompletableFuture<?>[]::new));
      while (!isDone(all)) {
        screen.now(progress(pulls, image));
      }
      result(all);
      List<Delivery> deliveries = pulls.stream().map(PullUnderWay::soFar).toList();
      deliveries.forEach(delivery -> screen.line(progress(delivery, image)));
      return deliveries;
    }
  }

  private static List<String> progress(List<PullUnderWay> pulls, Image image) {
    List<Delivery> deliveries = pulls.stream().map(PullUnderWay::soFar).toList();
    List<String> lines = new ArrayList<>();
    deliveries.forEach(delivery -> lines.add(progress(delivery, image)));
    if (pulls.size() > 1) {
      lines.add(
          "   all together %s MB from upstream; each for itself, it would be %s MB in the end"
              .formatted(
                  Delivery.megabytes(Delivery.fromUpstream(deliveries)),
                  Delivery.megabytes(pulls.size() * image.bytes())));
    }
    return lines;
  }

  /**
   * A pull, and what its node's counters said before.
   *
   * @param done how long it took
   */
  private record PullUnderWay(
      Actor node,
      long start,
      long upstreamBefore,
      long peersBefore,
      CompletableFuture<Duration> done) {

    static PullUnderWay begin(Actor node, Image image, Executor threads) {
      long upstreamBefore = node.bytesFromUpstream();
      long peersBefore = node.bytesFromPeers();
      long start = System.nanoTime();
      return new PullUnderWay(
          node,
          start,
          upstreamBefore,
          peersBefore,
          CompletableFuture.supplyAsync(
              () -> {
                node.pull(image);
                return Duration.ofNanos(System.nanoTime() - start);
              },
              threads));
    }

    Delivery soFar() {
      boolean isOver = done.isDone() && !done.isCompletedExceptionally();
      return new Delivery(
          node.name(),
          isOver ? done.join() : Duration.ofNanos(System.nanoTime() - start),
          node.bytesFromUpstream() - upstreamBefore,
          node.bytesFromPeers() - peersBefore);
    }
  }

  private static boolean isDone(CompletableFuture<?> pull) {
    try {
      pull.get(BETWEEN_LOOKS.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException notYet) {
      return false;
    } catch (ExecutionException failed) {
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted", e);
    }
  }

  private static void result(CompletableFuture<?> pull) {
    try {
      pull.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof LabException failure) {
        throw failure;
      }
      throw e;
    }
  }

  private static String progress(Delivery delivery, Image image) {
    int filled = (int) Math.min(BAR, BAR * delivery.bytes() / image.bytes());
    return "   %s [%s%s] %3s MB from upstream, %3s MB from peers, %5s s"
        .formatted(
            delivery.node(),
            "#".repeat(filled),
            ".".repeat(BAR - filled),
            Delivery.megabytes(delivery.fromUpstream()),
            Delivery.megabytes(delivery.fromPeers()),
            delivery.seconds());
  }

  private void table(List<Delivery> deliveries) {
    screen.line("   node   seconds   MB from upstream   MB from peers");
    for (Delivery delivery : deliveries) {
      screen.line(
          "   %-4s   %7s   %16s   %13s"
              .formatted(
                  delivery.node(),
                  delivery.seconds(),
                  Delivery.megabytes(delivery.fromUpstream()),
                  Delivery.megabytes(delivery.fromPeers())));
    }
    screen.line("");
  }

  private static String seconds(long start) {
    return "%.1f".formatted((System.nanoTime() - start) / 1e9);
  }
}
