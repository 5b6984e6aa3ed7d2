package dev.registrymirror.agent.telemetry;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.datapoints.GaugeDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntSupplier;

/**
 * What the agent counts, under the names that dashboards and alerts rely on ({@code
 * registry_mirror_…}), beside the usual ones of a process.
 *
 * <p>All methods may be called from any thread and never block: an event loop may count. The number
 * of series is bounded: at most {@link #MAX_REGISTRIES} registries are told apart, all further ones
 * are counted together as {@link #OTHER}.
 */
public final class Metrics {

  /** As many registries have a label value of their own, in the order in which they are seen. */
  public static final int MAX_REGISTRIES = 64;

  /** The {@code registry} of everything beyond {@link #MAX_REGISTRIES}. */
  public static final String OTHER = "other";

  /** How a request from containerd ended. */
  public enum Result {
    /** Served from this node's own store. */
    LOCAL,
    /** Served from a peer's store. */
    PEER,
    /** Served from a peer's download under way. */
    FLIGHT,
    /** Answered with 404: containerd goes upstream itself. */
    UPSTREAM,
    /** Refused as malformed, or failed by a fault of the agent. */
    ERROR;

    private final String label = name().toLowerCase(Locale.ROOT);
  }

  /** What was asked for. */
  public enum Kind {
    MANIFEST,
    BLOB,
    TAG;

    private final String label = name().toLowerCase(Locale.ROOT);
  }

  /** Why a pull was handed to upstream. */
  public enum FallbackReason {
    /** Its homes know of no provider: the first pull of an image in the cluster ends here. */
    NOT_FOUND,
    /** A download that this node followed came to nothing, and it goes on upstream. */
    FLIGHT_ENDED,
    /** No home answered within its bound. */
    LOOKUP_TIMEOUT,
    /** Every provider asked refused, or sent no first byte within its bound. */
    PROVIDERS_FAILED,
    /** The time that the mirror may add to a whole pull is used up. */
    BUDGET_SPENT,
    /** A stream ended in the middle and no other provider could continue it. */
    STALLED,
    /** As much is under way as the agent takes on. */
    OVERLOADED,
    /** The agent is shutting down. */
    DRAINING,
    /** The request came without the credential that is set. */
    UNAUTHORIZED,
    /** A tag, which by policy upstream resolves. */
    TAG_POLICY;

    private final String label = name().toLowerCase(Locale.ROOT);
  }

  /** Seconds; a home in the same cluster answers in about 1 ms and is given 100 ms. */
  private static final double[] LOOKUP_BUCKETS = {
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5
  };

  /** Seconds; from the page cache to a provider at its bound of 2 s, twice. */
  private static final double[] FIRST_BYTE_BUCKETS = {
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5
  };

  private static final int KINDS = Kind.values().length;
  private static final int RESULTS = Result.values().length;

  private final PrometheusRegistry prometheus = new PrometheusRegistry();
  private final Map<String, RegistrySeries> registries = new ConcurrentHashMap<>();
  private final RegistrySeries other;

  private final Counter requests;
  private final Counter responseBytes;
  private final DistributionDataPoint lookup;
  private final Map<Result, DistributionDataPoint> firstByte = new EnumMap<>(Result.class);
  private final Gauge advertised;
  private final Map<Kind, Long> advertisedByKind = new ConcurrentHashMap<>();
  private final Map<FallbackReason, CounterDataPoint> fallbacks =
      new EnumMap<>(FallbackReason.class);
  private final Counter bypassed;
  private final GaugeDataPoint rosterNodes;

  /**
   * @param version of the agent, for {@code registry_mirror_build_info}
   */
  public Metrics(String version) {
    requests =
        Counter.builder()
            .name("registry_mirror_requests_total")
            .help("Requests from containerd by registry, what was asked for and how it ended.")
            .labelNames("registry", "kind", "result")
            .withoutExemplars()
            .register(prometheus);
    responseBytes =
        Counter.builder()
            .name("registry_mirror_response_bytes_total")
            .help("Bytes of bodies sent to containerd by registry and where they came from.")
            .labelNames("registry", "result")
            .withoutExemplars()
            .register(prometheus);
    other = new RegistrySeries(OTHER);
    lookup =
        Histogram.builder()
            .name("registry_mirror_lookup_seconds")
            .help("Time until a home named the providers of a digest, or none did.")
            .classicOnly()
            .classicUpperBounds(LOOKUP_BUCKETS)
            .withoutExemplars()
            .register(prometheus);
    registerFirstByte();
    advertised =
        Gauge.builder()
            .name("registry_mirror_advertised")
            .help("What this node holds and has announced to the cluster.")
            .labelNames("kind")
            .withoutExemplars()
            .register(prometheus);
    registerFallbacks();
    bypassed =
        Counter.builder()
            .name("registry_mirror_bypassed_images_total")
            .help("Images that containerd pulled without asking the mirror, by registry and why.")
            .labelNames("registry", "reason")
            .withoutExemplars()
            .register(prometheus);
    rosterNodes =
        Gauge.builder()
            .name("registry_mirror_roster_nodes")
            .help("Nodes of the cluster that this agent knows, itself among them.")
            .withoutExemplars()
            .register(prometheus);
    Info.builder()
        .name("registry_mirror_build_info")
        .help("The agent's version.")
        .labelNames("version")
        .register(prometheus)
        .setLabelValues(version);
    ProcessMetrics.register(prometheus);
  }

  private void registerFirstByte() {
    Histogram histogram =
        Histogram.builder()
            .name("registry_mirror_first_byte_seconds")
            .help("Time from a request to the first byte of its answer.")
            .labelNames("result")
            .classicOnly()
            .classicUpperBounds(FIRST_BYTE_BUCKETS)
            .withoutExemplars()
            .register(prometheus);
    for (Result result : Result.values()) {
      firstByte.put(result, histogram.labelValues(result.label));
    }
  }

  private void registerFallbacks() {
    Counter counter =
        Counter.builder()
            .name("registry_mirror_fallbacks_total")
            .help("Requests handed to upstream, by reason.")
            .labelNames("reason")
            .withoutExemplars()
            .register(prometheus);
    // From the start, so that the first of a kind shows as an increase.
    for (FallbackReason reason : FallbackReason.values()) {
      fallbacks.put(reason, counter.labelValues(reason.label));
    }
  }

  /**
   * A request ended.
   *
   * @param registry as in containerd's {@code ns}: {@code docker.io}
   */
  public void request(String registry, Kind kind, Result result) {
    series(registry).request(kind, result).inc();
  }

  /** Bytes of a body were handed to the network; as often as wanted within one answer. */
  public void responseBytes(String registry, Result result, long bytes) {
    series(registry).bytes(result).inc(bytes);
  }

  /** A lookup ended: a home named the providers, or none did. */
  public void lookup(Duration taken) {
    lookup.observe(seconds(taken));
  }

  /** The first byte of an answer was sent. */
  public void firstByte(Result result, Duration sinceRequest) {
    firstByte.get(result).observe(seconds(sinceRequest));
  }

  /** A request was handed to upstream. */
  public void fallback(FallbackReason reason) {
    fallbacks.get(reason).inc();
  }

  /** An image of a mirrored registry was pulled without asking this agent. */
  public void bypassed(String registry, Obstacle reason) {
    bypassed.labelValues(series(registry).registry, reason.label()).inc();
  }

  /** As many of this kind are announced to the cluster now. */
  public void advertised(Kind kind, long count) {
    advertisedByKind.put(kind, count);
    advertised.labelValues(kind.label).set(count);
  }

  /** As many nodes, this one among them, are in the roster now. */
  public void rosterNodes(int count) {
    rosterNodes.set(count);
  }

  /**
   * Where the flights of now are read from when somebody asks for metrics. Called once.
   *
   * @param leaders flights that this node leads, as it tells homes
   * @param followers requests of this node's containerd under way that follow another node's flight
   */
  public void flights(IntSupplier leaders, IntSupplier followers) {
    GaugeWithCallback.builder()
        .name("registry_mirror_flights")
        .help("Downloads under way that this node leads, and those that it follows.")
        .labelNames("role")
        .callback(
            callback -> {
              callback.call(leaders.getAsInt(), "leader");
              callback.call(followers.getAsInt(), "follower");
            })
        .register(prometheus);
  }

  /** Requests since the start, over all registries and kinds. Every result has a value. */
  public Map<Result, Long> requestsByResult() {
    Map<Result, Long> sums = new EnumMap<>(Result.class);
    for (Result result : Result.values()) {
      long sum = other.requests(result);
      for (RegistrySeries series : registries.values()) {
        sum += series.requests(result);
      }
      sums.put(result, sum);
    }
    return sums;
  }

  /** Bytes of bodies sent since the start, over all registries. Every result has a value. */
  public Map<Result, Long> bytesByResult() {
    Map<Result, Long> sums = new EnumMap<>(Result.class);
    for (Result result : Result.values()) {
      long sum = other.sentBytes(result);
      for (RegistrySeries series : registries.values()) {
        sum += series.sentBytes(result);
      }
      sums.put(result, sum);
    }
    return sums;
  }

  /** What is announced to the cluster now, of the kinds that were ever told. */
  public Map<Kind, Long> advertisedByKind() {
    return Map.copyOf(advertisedByKind);
  }

  /** The media type of what {@link #write} writes for the same {@code accept}. */
  static String contentType(String accept) {
    return writer(accept).getContentType();
  }

  /**
   * Writes every metric, in OpenMetrics where {@code accept} asks for it, else in Prometheus' text.
   *
   * @param accept the scraper's {@code Accept}, or null
   */
  void write(OutputStream out, String accept) throws IOException {
    writer(accept).write(out, prometheus.scrape(), EscapingScheme.DEFAULT);
  }

  private static ExpositionFormatWriter writer(String accept) {
    ExpositionFormatWriter openMetrics = OpenMetricsTextFormatWriter.create();
    return openMetrics.accepts(accept) ? openMetrics : PrometheusTextFormatWriter.create();
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }

  private RegistrySeries series(String registry) {
    RegistrySeries known = registries.get(registry);
    return known != null ? known : newSeries(registry);
  }

  private RegistrySeries newSeries(String registry) {
    // Locked, so that a burst of new names does not pass the bound.
    synchronized (registries) {
      if (registries.size() >= MAX_REGISTRIES) {
        return registries.getOrDefault(registry, other);
      }
      return registries.computeIfAbsent(registry, RegistrySeries::new);
    }
  }

  /** The series of one registry, each made when first counted and then found by its index. */
  private final class RegistrySeries {
    private final String registry;
    private final AtomicReferenceArray<CounterDataPoint> requestsByKind =
        new AtomicReferenceArray<>(KINDS * RESULTS);
    private final AtomicReferenceArray<CounterDataPoint> bytesByResult =
        new AtomicReferenceArray<>(RESULTS);

    RegistrySeries(String registry) {
      this.registry = registry;
    }

    CounterDataPoint request(Kind kind, Result result) {
      int index = kind.ordinal() * RESULTS + result.ordinal();
      CounterDataPoint point = requestsByKind.get(index);
      if (point == null) {
        // Two threads may both come here: they get the same point.
        point = requests.labelValues(registry, kind.label, result.label);
        requestsByKind.set(index, point);
      }
      return point;
    }

    CounterDataPoint bytes(Result result) {
      CounterDataPoint point = bytesByResult.get(result.ordinal());
      if (point == null) {
        point = responseBytes.labelValues(registry, result.label);
        bytesByResult.set(result.ordinal(), point);
      }
      return point;
    }

    long requests(Result result) {
      long sum = 0;
      for (int kind = 0; kind < KINDS; kind++) {
        CounterDataPoint point = requestsByKind.get(kind * RESULTS + result.ordinal());
        sum += point == null ? 0 : point.getLongValue();
      }
      return sum;
    }

    long sentBytes(Result result) {
      CounterDataPoint point = bytesByResult.get(result.ordinal());
      return point == null ? 0 : point.getLongValue();
    }
  }
}
