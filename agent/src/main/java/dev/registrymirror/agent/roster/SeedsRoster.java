package dev.registrymirror.agent.roster;

import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.telemetry.Log;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A roster that is given: addresses, and names that mean all their addresses, such as a headless
 * Service's. Names are resolved again every {@link #REFRESH}, on a thread of its own; a name that
 * cannot be resolved keeps the addresses that it had, and is tried again after {@link #RETRY} where
 * it had none. Zones are unknown: peers tell them.
 */
public final class SeedsRoster implements Roster {

  static final Duration REFRESH = Duration.ofSeconds(30);
  static final Duration RETRY = Duration.ofSeconds(2);

  private static final Log log = Log.of("roster");

  /**
   * One or more nodes.
   *
   * @param host an IP address, IPv6 without brackets, or a DNS name
   * @param port where agents listen for agents
   */
  public record Seed(String host, int port) {}

  /** How names are resolved. */
  interface Resolver {
    InetAddress[] resolve(String host) throws UnknownHostException;
  }

  private final List<Seed> seeds;
  private final Resolver resolver;
  private final Duration refresh;
  private final Duration retry;

  /** Of the thread only: what each seed meant last. */
  private final Map<Seed, List<Peer>> resolved = new HashMap<>();

  private final Set<Seed> unresolved = new HashSet<>();

  private volatile Members members = new Members(_ -> {});
  private final CountDownLatch closed = new CountDownLatch(1);
  private Thread thread;

  /**
   * The nodes that {@code seeds} mean.
   *
   * @throws IllegalArgumentException where there are more than {@link Members#MAX_NODES}
   */
  public SeedsRoster(List<Seed> seeds) {
    this(seeds, InetAddress::getAllByName, REFRESH, RETRY);
  }

  SeedsRoster(List<Seed> seeds, Resolver resolver, Duration refresh, Duration retry) {
    if (seeds.size() > Members.MAX_NODES) {
      throw new IllegalArgumentException(
          seeds.size() + " seeds, at most " + Members.MAX_NODES + ": use a roster file");
    }
    this.seeds = List.copyOf(seeds);
    this.resolver = resolver;
    this.refresh = refresh;
    this.retry = retry;
  }

  @Override
  public synchronized void start(Consumer<Set<Peer>> listener) {
    if (thread != null) {
      throw new IllegalStateException("started already");
    }
    members = new Members(listener);
    thread = Thread.ofPlatform().name("roster").daemon().start(this::run);
  }

  @Override
  public Set<Peer> members() {
    return members.current();
  }

  @Override
  public synchronized void close() {
    closed.countDown();
    if (thread != null) {
      thread.interrupt();
    }
  }

  private void run() {
    try {
      while (closed.getCount() > 0) {
        seeds.forEach(this::resolve);
        members.publish(
            resolved.values().stream()
                .flatMap(List::stream)
                .distinct()
                .limit(Members.MAX_NODES)
                .toList());
        if (seeds.stream().allMatch(seed -> isAddress(seed.host))) {
          return;
        }
        Duration wait = resolved.size() < seeds.size() ? retry : refresh;
        closed.await(wait.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      // Closed.
      Thread.currentThread().interrupt();
    }
  }

  private void resolve(Seed seed) {
    try {
      List<Peer> peers = new ArrayList<>();
      InetAddress[] addresses =
          isAddress(seed.host)
              ? new InetAddress[] {InetAddress.ofLiteral(seed.host)}
              : resolver.resolve(seed.host);
      for (InetAddress address : addresses) {
        peers.add(new Peer(address.getHostAddress(), seed.port, ""));
      }
      resolved.put(seed, peers);
      unresolved.remove(seed);
    } catch (UnknownHostException e) {
      if (unresolved.add(seed)) {
        // Once, until it is resolved again.
        int kept = resolved.getOrDefault(seed, List.of()).size();
        log.warn("seed not resolved", "host", seed.host, "kept", kept, "mend", "check --seeds");
      }
    }
  }

  private static boolean isAddress(String host) {
    try {
      InetAddress.ofLiteral(host);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
