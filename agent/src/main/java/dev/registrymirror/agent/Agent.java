package dev.registrymirror.agent;

import dev.registrymirror.agent.bounds.Bandwidth;
import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.bypass.Bypasses;
import dev.registrymirror.agent.cli.MembersOptions;
import dev.registrymirror.agent.cli.ServeOptions;
import dev.registrymirror.agent.cli.StoreOptions;
import dev.registrymirror.agent.credentials.CredentialFile;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.homes.Settings;
import dev.registrymirror.agent.hosts.TagPolicy;
import dev.registrymirror.agent.http.Listener;
import dev.registrymirror.agent.http.MirrorHandler;
import dev.registrymirror.agent.http.PeerHandler;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.peers.Finder;
import dev.registrymirror.agent.peers.MessageCodec;
import dev.registrymirror.agent.peers.MutualTls;
import dev.registrymirror.agent.peers.PeerClient;
import dev.registrymirror.agent.peers.PeerTls;
import dev.registrymirror.agent.pull.Pull;
import dev.registrymirror.agent.pull.TagLookup;
import dev.registrymirror.agent.roster.FileRoster;
import dev.registrymirror.agent.roster.Roster;
import dev.registrymirror.agent.roster.SeedsRoster;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.store.containerd.ContainerdStore;
import dev.registrymirror.agent.store.layout.LayoutStore;
import dev.registrymirror.agent.tags.TagRules;
import dev.registrymirror.agent.tags.UpstreamProbe;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Metrics;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import dev.registrymirror.agent.telemetry.OpsServer;
import dev.registrymirror.agent.telemetry.Served;
import dev.registrymirror.agent.telemetry.StatusReport;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** One agent: its parts, put together, from start to drained. */
public final class Agent implements AutoCloseable {

  private static final Log log = Log.of("agent");

  /**
   * Between two looks at the credential's file. It is mounted, and arrives 60 to 90 s after it was
   * changed anyway.
   */
  private static final Duration CREDENTIAL_LOOK = Duration.ofSeconds(10);

  private final ServeOptions options;
  private final String version;
  private final Instant since = Instant.now();
  private final Metrics metrics;
  private final Network network;
  private final BlobStore store;
  private final Roster roster;
  private final Bypasses bypasses;
  private final Served served = new Served();
  private final HostsUpkeep hosts;
  private final UpstreamProbe upstream;
  private final Finder finder;
  private final Pull pull;
  private final Listener mirror;
  private final Listener peers;
  private final OpsServer ops;
  private volatile boolean draining;

  /**
   * Starts: listens when this returns. A containerd that is not there yet is waited for.
   *
   * @throws IOException where an address cannot be bound, or a file that an option names cannot be
   *     used
   */
  public Agent(ServeOptions options, String version) throws IOException {
    this.options = options;
    this.version = version;
    PeerTls tls = PeerTls.NONE;
    if (options.peerTls().isPresent()) {
      var files = options.peerTls().get();
      tls = new MutualTls(files.certificate(), files.key(), files.authority());
    }
    Optional<CredentialFile> credentials = Optional.empty();
    if (options.credentialFile().isPresent()) {
      credentials = Optional.of(CredentialFile.open(options.credentialFile().get()));
    }
    metrics = new Metrics(version);
    network = Network.open();
    store = store(options.store(), network);
    roster = roster(options.members());
    Peer self =
        new Peer(options.nodeIp().getHostAddress(), options.peerListen().getPort(), zone(options));
    PeerClient client =
        new PeerClient(
            self,
            network.group(),
            network.socket(),
            options.deadlines(),
            Bandwidth.of(network.group(), options.transfers().downloadLimit()),
            tls);
    finder =
        new Finder(
            network.group().next(),
            Settings.of(options.deadlines(), options.transfers().fanOut()),
            self,
            client,
            System.currentTimeMillis());
    pull = new Pull(store, finder, client, metrics, options.deadlines());
    metrics.flights(() -> finder.stats().leads(), pull::following);
    bypasses = new Bypasses(options.hostsDir(), store::setup, metrics, InstantSource.system());
    hosts = new HostsUpkeep(options, credentials, bypasses::hosts);
    upstream = new UpstreamProbe(hosts, options.deadlines().upstreamHead(), System.getenv());
    TagLookup tags = new TagLookup(rules(options.tags()), finder, upstream);

    peers =
        new Listener(
            network.group(),
            network.listener(),
            options.peerListen(),
            tls,
            MessageCodec.MAX_BYTES,
            new PeerHandler(
                self,
                pull,
                finder,
                store,
                Bandwidth.of(network.group(), options.transfers().uploadLimit()),
                served));
    mirror =
        new Listener(
            network.group(),
            network.listener(),
            options.listen(),
            PeerTls.NONE,
            MirrorHandler.MAX_BODY_BYTES,
            new MirrorHandler(pull, tags, credentials, metrics, bypasses::asked));
    ops =
        OpsServer.start(
            network.group(),
            network.listenerFactory(),
            options.metricsListen(),
            metrics,
            this::notReady,
            this::status);
    credentials.ifPresent(this::keepUp);
    // Until a roster says more: a node alone is a home of everything.
    rosterChanged(Set.of(self));
    roster.start(this::rosterChanged);
    store.start(new Advertiser());
    log.info(
        "started",
        "node",
        options.nodeName(),
        "version",
        version,
        "listen",
        mirror.address(),
        "peerListen",
        peers.address(),
        "metricsListen",
        ops.address(),
        "tls",
        options.peerTls().isPresent());
  }

  private static BlobStore store(StoreOptions options, Network network) {
    return switch (options) {
      case StoreOptions.OciLayout layout -> new LayoutStore(layout.folder());
      case StoreOptions.Containerd containerd ->
          new ContainerdStore(
              network.group(),
              containerd.socket(),
              containerd.namespace(),
              containerd.contentStore());
    };
  }

  private static Roster roster(MembersOptions options) {
    return switch (options) {
      case MembersOptions.Seeds seeds ->
          new SeedsRoster(
              seeds.seeds().stream()
                  .map(seed -> new SeedsRoster.Seed(seed.host(), seed.port()))
                  .toList());
      case MembersOptions.RosterFile file -> new FileRoster(file.file());
    };
  }

  /**
   * The node's own zone: the one given, else what the roster says of it. A node that came after the
   * roster has none until its agent starts again.
   */
  private static String zone(ServeOptions options) {
    if (options.zone().isEmpty() && options.members() instanceof MembersOptions.RosterFile roster) {
      try {
        return FileRoster.read(roster.file()).stream()
            .filter(peer -> peer.host().equals(options.nodeIp().getHostAddress()))
            .findFirst()
            .map(Peer::zone)
            .orElse("");
      } catch (IOException e) {
        // Who watches it says what is wrong with it.
        log.debug("no zone from the roster", "cause", e.getMessage());
      }
    }
    return options.zone();
  }

  private static TagRules rules(TagPolicy policy) {
    return switch (policy) {
      case REVALIDATE -> TagRules.REVALIDATE;
      case SERVE -> TagRules.SERVE;
      case NEVER -> TagRules.NEVER;
    };
  }

  /** What it counts. */
  public Metrics metrics() {
    return metrics;
  }

  /** Why this agent is not ready; empty where it is. */
  public Optional<String> notReady() {
    return draining ? Optional.of("draining") : Optional.empty();
  }

  private StatusReport status() {
    BlobStore.Health health = store.health();
    return new StatusReport(
        options.nodeName(),
        version,
        since,
        new StatusReport.Store(health.reachable(), health.detail()),
        store.setup().version(),
        bypasses.isMirrored(),
        served.sum(),
        bypasses.bypassed(),
        options.store() instanceof StoreOptions.Containerd ? bypasses.problems(health) : List.of(),
        finder.stats().rosterNodes(),
        metrics.advertisedByKind(),
        metrics.requestsByResult(),
        metrics.bytesByResult(),
        finder.stats().leads(),
        pull.following(),
        finder.stats().openBreakers(),
        options.deadlines());
  }

  private void rosterChanged(Set<Peer> members) {
    finder.roster(members);
    metrics.rosterNodes(members.size());
  }

  private void keepUp(CredentialFile credentials) {
    network
        .group()
        .scheduleWithFixedDelay(
            () -> {
              if (credentials.reload()) {
                hosts.use(credentials);
              }
            },
            CREDENTIAL_LOOK.toSeconds(),
            CREDENTIAL_LOOK.toSeconds(),
            TimeUnit.SECONDS);
  }

  /** What the store holds is what the cluster is told. Called by one thread. */
  private final class Advertiser implements BlobStore.Listener {

    private final Set<Digest> digests = new HashSet<>();
    private final Set<Tag> held = new HashSet<>();

    @Override
    public void committed(Digest digest) {
      pull.committed(digest);
      finder.advertise(digest);
      digests.add(digest);
      metrics.advertised(Kind.BLOB, digests.size());
    }

    @Override
    public void deleted(Digest digest) {
      finder.withdraw(digest);
      digests.remove(digest);
      metrics.advertised(Kind.BLOB, digests.size());
    }

    @Override
    public void downloading(Digest digest) {
      pull.downloading(digest);
    }

    @Override
    public void tagged(Tag tag, Digest digest, Instant seen) {
      finder.advertiseTag(tag, digest, age(seen));
      held.add(tag);
      metrics.advertised(Kind.TAG, held.size());
    }

    @Override
    public void untagged(Tag tag) {
      finder.withdrawTag(tag);
      held.remove(tag);
      metrics.advertised(Kind.TAG, held.size());
    }

    /** Never negative: a clock may have been put back since. */
    private static Duration age(Instant seen) {
      Duration age = Duration.between(seen, Instant.now());
      return age.isNegative() ? Duration.ZERO : age;
    }

    @Override
    public void registry(String registry) {
      hosts.seen(registry);
    }

    @Override
    public boolean isAsked(Digest digest) {
      return pull.isAsked(digest);
    }

    @Override
    public void unasked(Set<String> registries) {
      bypasses.unasked(registries);
    }
  }

  /**
   * Ends in an orderly way, bounded by {@link Deadlines#drain}: tells the homes, accepts no more,
   * lets streams end, and ends with FIN those that do not.
   */
  @Override
  public void close() {
    long until = System.nanoTime() + options.deadlines().drain().toNanos();
    draining = true;
    pull.drain();
    log.info("draining", "relays", pull.relays());
    Future<?> mirrorDrained = mirror.drain();
    finder.leave().completeOnTimeout(null, remaining(until), TimeUnit.NANOSECONDS).join();
    Future<?> peersDrained = peers.drain();
    mirrorDrained.awaitUninterruptibly(remaining(until), TimeUnit.NANOSECONDS);
    peersDrained.awaitUninterruptibly(remaining(until), TimeUnit.NANOSECONDS);
    mirror.close();
    peers.close();
    roster.close();
    store.close();
    hosts.close();
    upstream.close();
    ops.close();
    network.close();
    log.info("stopped");
  }

  private static long remaining(long until) {
    return Math.max(1, until - System.nanoTime());
  }
}
