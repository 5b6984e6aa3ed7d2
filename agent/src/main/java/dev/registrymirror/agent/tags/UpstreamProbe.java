package dev.registrymirror.agent.tags;

import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.tags.ProbeResult.Outcome;
import dev.registrymirror.agent.telemetry.Log;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/**
 * Finds out why upstream failed for a tag, by one bounded, anonymous look at it.
 *
 * <p>Bounds: one look takes no longer than {@code bound} in all; {@link #MAX_LOOKS} run at once and
 * {@link #MAX_WAITING} wait, within the same bound; {@link #MAX_REMEMBERED} answers are remembered.
 * What is beyond a bound, or waited for half of its time, is {@link Outcome#NOT_ASKED}: nothing is
 * served unseen. Threads exist only while something is asked.
 *
 * <p>What says that a registry is away holds for all of its tags for {@link #AWAY}: a dead registry
 * costs one look, not one for each tag. What says something of one tag holds for that tag alone and
 * for {@link #OF_TAG}, just long enough for the second request that containerd sends when its first
 * is closed. That a tag exists is not remembered: it may move. Equal looks under way are one.
 */
public final class UpstreamProbe implements AutoCloseable {

  /** Looks at once. */
  public static final int MAX_LOOKS = 32;

  /** Looks that wait for their turn; a node starts a few pulls at a time, so this is a flood. */
  public static final int MAX_WAITING = 256;

  /** Answers remembered of registries, and as many of tags. */
  public static final int MAX_REMEMBERED = 1_024;

  /** For so long a registry that limits, is broken or does not answer is not asked again. */
  public static final Duration AWAY = Duration.ofSeconds(5);

  /** For so long a tag that is refused or gone is not asked for again. */
  public static final Duration OF_TAG = Duration.ofSeconds(2);

  /** Threads of the HTTP client: one look needs one or two, and one more where DNS hangs. */
  private static final int MAX_CLIENT_THREADS = 4 * MAX_LOOKS;

  private static final Duration IDLE_THREAD = Duration.ofSeconds(5);

  private static final Log log = Log.of("tags");

  private final Upstreams upstreams;
  private final Duration bound;
  private final AnonymousHead head;
  private final Recent<String> registries;
  private final Recent<Tag> tags;
  private final Map<Tag, CompletableFuture<ProbeResult>> underWay = new ConcurrentHashMap<>();
  private final ThreadPoolExecutor looks;
  private final ThreadPoolExecutor clients;

  /**
   * @param bound for one look in all ({@code Deadlines.upstreamHead})
   * @param environment where proxies are named: {@link System#getenv()}
   */
  public UpstreamProbe(Upstreams upstreams, Duration bound, Map<String, String> environment) {
    this(upstreams, bound, environment, System::nanoTime);
  }

  UpstreamProbe(
      Upstreams upstreams, Duration bound, Map<String, String> environment, LongSupplier nanoTime) {
    this.upstreams = upstreams;
    this.bound = bound;
    this.registries = new Recent<>(MAX_REMEMBERED, nanoTime);
    this.tags = new Recent<>(MAX_REMEMBERED, nanoTime);
    looks =
        new ThreadPoolExecutor(
            MAX_LOOKS,
            MAX_LOOKS,
            IDLE_THREAD.toMillis(),
            TimeUnit.MILLISECONDS,
            new LinkedBlockingQueue<>(MAX_WAITING),
            task -> Thread.ofPlatform().daemon().name("upstream-look").unstarted(task));
    looks.allowCoreThreadTimeOut(true);
    clients =
        new ThreadPoolExecutor(
            0,
            MAX_CLIENT_THREADS,
            IDLE_THREAD.toMillis(),
            TimeUnit.MILLISECONDS,
            new SynchronousQueue<>(),
            task -> Thread.ofPlatform().daemon().name("upstream-client").unstarted(task));
    head = new AnonymousHead(ProxySettings.of(environment), clients);
  }

  /**
   * Looks at {@code tag} upstream. Returns at once.
   *
   * @return never completes exceptionally, and completes within the bound; on a thread of the
   *     probe's, so that an event loop goes on with {@code whenCompleteAsync(…, eventLoop)}.
   *     Cancelling it ends no look that others wait for
   */
  public CompletableFuture<ProbeResult> probe(Tag tag) {
    Optional<ProbeResult> known = remembered(tag);
    if (known.isPresent()) {
      return CompletableFuture.completedFuture(known.get());
    }
    CompletableFuture<ProbeResult> fresh = new CompletableFuture<>();
    CompletableFuture<ProbeResult> other = underWay.putIfAbsent(tag, fresh);
    if (other != null) {
      return other.copy();
    }
    start(tag, fresh);
    return fresh.copy();
  }

  private Optional<ProbeResult> remembered(Tag tag) {
    return registries.get(tag.repository().registry()).or(() -> tags.get(tag));
  }

  private void start(Tag tag, CompletableFuture<ProbeResult> answer) {
    long start = System.nanoTime();
    AtomicBoolean asking = new AtomicBoolean();
    Future<?> look;
    try {
      look = looks.submit(() -> finish(tag, answer, look(tag, start, asking)));
    } catch (RejectedExecutionException e) {
      finish(tag, answer, notAsked("more than " + MAX_WAITING + " wait"));
      return;
    }
    CompletableFuture.delayedExecutor(bound.toMillis(), TimeUnit.MILLISECONDS, Runnable::run)
        .execute(
            () -> {
              if (answer.isDone()) {
                return;
              }
              // Not asked is not the same as not answered: only the latter lets a tag be served.
              ProbeResult late =
                  asking.get()
                      ? remember(tag, ProbeResult.of(Outcome.NO_ANSWER, "no answer in " + bound))
                      : remembered(tag).orElseGet(() -> notAsked("waited for " + bound));
              finish(tag, answer, late);
              look.cancel(true);
            });
  }

  private void finish(Tag tag, CompletableFuture<ProbeResult> answer, ProbeResult result) {
    // Before it is told, so that who asks again upon it does not find it under way.
    underWay.remove(tag, answer);
    answer.complete(result);
  }

  private ProbeResult look(Tag tag, long start, AtomicBoolean asking) {
    Optional<ProbeResult> known = remembered(tag);
    if (known.isPresent()) {
      return known.get();
    }
    Duration left = bound.minusNanos(System.nanoTime() - start);
    if (left.compareTo(bound.dividedBy(2)) < 0) {
      return notAsked("waited for " + bound.minus(left));
    }
    try {
      UpstreamAddress upstream = upstreams.lookup(tag.repository().registry());
      asking.set(true);
      ProbeResult result = remember(tag, head.ask(upstream, tag, left));
      if (log.isDebug()) {
        log.debug(
            "looked upstream",
            "tag",
            tag,
            "upstream",
            upstream.api(),
            "outcome",
            result.outcome(),
            "detail",
            result.detail());
      }
      return result;
    } catch (InterruptedException e) {
      // By close(); a look that is late was answered for already.
      return notAsked("closing");
    } catch (RuntimeException e) {
      // A hosts.toml that cannot be read, or a fault of ours: the pull shows upstream's error.
      log.warn("look upstream failed", e, "tag", tag);
      return notAsked(e.toString());
    }
  }

  private ProbeResult remember(Tag tag, ProbeResult result) {
    if (result.outcome().isOfRegistry()) {
      registries.put(tag.repository().registry(), result, AWAY);
    } else if (result.outcome() == Outcome.REFUSED || result.outcome() == Outcome.GONE) {
      tags.put(tag, result, OF_TAG);
    }
    return result;
  }

  private static ProbeResult notAsked(String why) {
    return ProbeResult.of(Outcome.NOT_ASKED, why);
  }

  /** Ends what is under way; who waits for it is told within the bound. */
  @Override
  public void close() {
    looks.shutdownNow();
    clients.shutdownNow();
  }
}
