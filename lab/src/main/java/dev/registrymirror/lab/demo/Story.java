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
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Three pulls of one image: from upstream, from the first node, and without upstream. */
public final class Story {

  /** 315 MB in four layers: large enough to see it flow, small enough for a laptop. */
  public static final ImageRecipe IMAGE =
      ImageRecipe.named("demo:1").layers(4, 75 * ImageRecipe.MIB);

  /** What the registry's link carries, in 10^6 bit/s: slow as the Internet, not as the rack. */
  static final int UPSTREAM_MBIT = 200;

  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(200);
  private static final Duration ANNOUNCED_BOUND = Duration.ofSeconds(10);
  private static final int BAR = 30;

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

    List<Delivery> deliveries = new ArrayList<>();
    screen.line("1. n1 pulls " + image.reference() + ". No node has it yet, so it comes from");
    screen.line("   upstream, as it would without a mirror.");
    deliveries.add(pull(nodes.get(0), image));
    awaitFound(image, nodes.get(1));
    screen.line("2. n2 pulls it too. n1 has it, and sends it: faster, and no second download.");
    deliveries.add(pull(nodes.get(1), image));
    awaitFound(image, nodes.get(2));
    stage.cutUpstreamOff();
    screen.line(
        "3. The registry is cut off now. n3 pulls the same tag: its peers have it, so that"
            + " succeeds.");
    deliveries.add(pull(nodes.get(2), image));
    table(deliveries);
    return judge(deliveries, image);
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
    screen.now("   " + what + "...");
    T result = work.get();
    screen.line("   %-50s %5s s".formatted(what, seconds(start)));
    return result;
  }

  private Delivery pull(Actor node, Image image) {
    long upstreamBefore = node.bytesFromUpstream();
    long peersBefore = node.bytesFromPeers();
    long start = System.nanoTime();
    Supplier<Delivery> soFar =
        () ->
            new Delivery(
                node.name(),
                Duration.ofNanos(System.nanoTime() - start),
                node.bytesFromUpstream() - upstreamBefore,
                node.bytesFromPeers() - peersBefore);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CompletableFuture<Duration> pull =
          CompletableFuture.supplyAsync(
              () -> {
                node.pull(image);
                return Duration.ofNanos(System.nanoTime() - start);
              },
              threads);
      while (!isDone(pull)) {
        screen.now(progress(soFar.get(), image));
      }
      Delivery counted = soFar.get();
      Delivery done =
          new Delivery(node.name(), result(pull), counted.fromUpstream(), counted.fromPeers());
      screen.line(progress(done, image));
      screen.line("");
      return done;
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

  private static <T> T result(CompletableFuture<T> pull) {
    try {
      return pull.join();
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

  private boolean judge(List<Delivery> deliveries, Image image) {
    List<Source> expected = List.of(Source.UPSTREAM, Source.PEERS, Source.PEERS);
    List<String> objections = new ArrayList<>();
    for (int i = 0; i < deliveries.size(); i++) {
      deliveries.get(i).objection(expected.get(i), image.bytes()).ifPresent(objections::add);
    }
    if (objections.isEmpty()) {
      screen.line(
          "Every byte came from where it should: the image is %s MB, headers may add %.0f%%, and"
              .formatted(Delivery.megabytes(image.bytes()), Delivery.HEADERS * 100));
      screen.line(
          "no more than %.0f%% of it came from elsewhere. Three nodes, one download."
              .formatted(Delivery.ELSEWHERE * 100));
    } else {
      objections.forEach(objection -> screen.line("WRONG: " + objection + "."));
    }
    return objections.isEmpty();
  }

  private static String seconds(long start) {
    return "%.1f".formatted((System.nanoTime() - start) / 1e9);
  }
}
