package dev.registrymirror.agent.bypass;

import dev.registrymirror.agent.bounds.BoundedMap;
import dev.registrymirror.agent.hosts.Standing;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.store.Setup;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Metrics;
import dev.registrymirror.agent.telemetry.Obstacle;
import dev.registrymirror.agent.telemetry.StatusReport.Bypassed;
import dev.registrymirror.agent.telemetry.StatusReport.Problem;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Counts the images that containerd pulled past the mirror, says why where that can be told, and
 * what stands in the way now. A mirror that silently does nothing is worse than none. Any thread.
 */
public final class Bypasses {

  private static final Log log = Log.of("bypass");

  /** Registries and reasons counted apart; the oldest are forgotten. */
  static final int MAX = 256;

  /**
   * A pull reads hosts.toml once, when it begins: an entry that was not the mirror's this long ago
   * still explains a bypass.
   */
  static final Duration LONGEST_PULL = Duration.ofMinutes(10);

  /** The entry for registries that have none of their own. */
  private static final String DEFAULT = "_default";

  private final Path hostsDir;
  private final Supplier<Setup> setup;
  private final Metrics metrics;
  private final InstantSource clock;

  private record Key(String registry, Obstacle reason) {}

  // Guarded by this.
  private final Map<Key, Bypassed> counts = new BoundedMap<>(MAX);
  private final Map<String, Instant> brokenAt = new BoundedMap<>(MAX);
  private Standing standing = Standing.NONE;

  /** When this node's containerd last asked for a digest: it does read the hosts directory. */
  private volatile Instant asked = Instant.EPOCH;

  /**
   * @param hostsDir what containerd is to read, as the node has it
   * @param setup what containerd says of itself
   */
  public Bypasses(Path hostsDir, Supplier<Setup> setup, Metrics metrics, InstantSource clock) {
    this.hostsDir = hostsDir.toAbsolutePath().normalize();
    this.setup = setup;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** The hosts directory was looked at. */
  public synchronized void hosts(Standing now) {
    // What was broken until now was so until now: also where it has just been put back.
    standing.broken().keySet().forEach(this::broke);
    standing = now;
    now.broken().keySet().forEach(this::broke);
  }

  private void broke(String registry) {
    brokenAt.remove(registry);
    brokenAt.put(registry, clock.instant());
  }

  /** This node's containerd asks for a digest. */
  public void asked() {
    asked = clock.instant();
  }

  /** An image was pulled that the mirror was not asked for: {@link BlobStore.Listener#unasked}. */
  public synchronized void unasked(Set<String> registries) {
    registries.stream()
        .sorted()
        .filter(standing::isMeantFor)
        .findFirst()
        .ifPresent(
            registry -> {
              Obstacle reason = reason(registry);
              Key key = new Key(registry, reason);
              long images = counts.containsKey(key) ? counts.get(key).images() : 0;
              counts.put(key, new Bypassed(registry, reason, images + 1, clock.instant()));
              metrics.bypassed(registry, reason);
              if (images == 0) {
                log.warn("mirror is bypassed", "registry", registry, "reason", reason.label());
              }
            });
  }

  private Obstacle reason(String registry) {
    Optional<Problem> reading = reading(setup.get());
    if (reading.isPresent()) {
      return reading.get().reason();
    }
    Instant broken = brokenAt.getOrDefault(registry, brokenAt.get(DEFAULT));
    return broken != null && broken.isAfter(clock.instant().minus(LONGEST_PULL))
        ? Obstacle.HOSTS_CHANGED
        : Obstacle.UNKNOWN;
  }

  /** Those counted so far, in the order in which they were first seen. */
  public synchronized List<Bypassed> bypassed() {
    return List.copyOf(counts.values());
  }

  /** Whether the hosts directory has the mirror's entries now. */
  public synchronized boolean isMirrored() {
    return standing.isMirrored();
  }

  /** What stands in the way now, whether or not anything was pulled past the mirror. */
  public synchronized List<Problem> problems(BlobStore.Health health) {
    Setup known = setup.get();
    List<Problem> problems = new ArrayList<>();
    if (!health.reachable()) {
      problems.add(new Problem(Obstacle.STORE_UNREACHABLE, health.detail()));
    }
    reading(known).filter(problem -> !isRefuted(problem, known)).ifPresent(problems::add);
    if (known.discardsLayers()) {
      problems.add(
          new Problem(
              Obstacle.LAYERS_DISCARDED,
              "containerd deletes layers once they are unpacked, so that this node has none to"
                  + " share: set discard_unpacked_layers = false, restart containerd, and pull"
                  + " again"));
    }
    if (!standing.configured()) {
      problems.add(
          new Problem(
              Obstacle.HOSTS_CHANGED,
              "nothing is configured in " + hostsDir + ": run mirror-agent configure"));
    }
    standing.broken().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            entry ->
                problems.add(
                    new Problem(
                        Obstacle.HOSTS_CHANGED,
                        "the entry of "
                            + entry.getKey()
                            + " in "
                            + hostsDir
                            + " is not the mirror's: "
                            + entry.getValue())));
    return problems;
  }

  /** Why containerd does not read the mirror's directory, by its own word. */
  private Optional<Problem> reading(Setup known) {
    if (known.configPath().isEmpty()) {
      return Optional.empty();
    }
    String path = known.configPath().get();
    List<String> directories = Arrays.asList(path.split(":", -1));
    String mend = "set config_path = \"" + hostsDir + "\" and restart containerd";
    if (directories.stream().noneMatch(this::isHostsDir)) {
      return Optional.of(
          new Problem(
              Obstacle.CONFIG_PATH,
              (path.isEmpty()
                      ? "containerd reads no hosts directory: "
                      : "containerd reads " + path + ", not " + hostsDir + ": ")
                  + mend));
    }
    return directories.size() > 1 && known.readsOnePath()
        ? Optional.of(
            new Problem(
                Obstacle.TRANSFER_SERVICE,
                "containerd's transfer service takes " + path + " for one directory: " + mend))
        : Optional.empty();
  }

  private boolean isHostsDir(String directory) {
    try {
      return Path.of(directory).normalize().equals(hostsDir);
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /**
   * containerd has asked since, so that it does read the directory: it may have another name here,
   * or pull without the transfer service.
   */
  private boolean isRefuted(Problem problem, Setup known) {
    return asked.isAfter(known.read())
        && counts.values().stream()
            .noneMatch(
                bypassed ->
                    bypassed.reason() == problem.reason() && bypassed.last().isAfter(asked));
  }
}
