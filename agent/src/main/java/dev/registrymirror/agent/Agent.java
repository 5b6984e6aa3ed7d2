package dev.registrymirror.agent;

import dev.registrymirror.agent.bounds.Deadlines;
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
import dev.registrymirror.agent.roster.Roster;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.store.layout.LayoutStore;
import dev.registrymirror.agent.tags.TagRules;
import dev.registrymirror.agent.tags.UpstreamProbe;
import dev.registrymirror.agent.tags.Upstreams;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Metrics;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** One agent: its parts, put together, from start to drained. */
public final class Agent implements AutoCloseable {

  private static final Log log = Log.of("agent");

  private final Deadlines deadlines;
  private final Network network;
  private final BlobStore store;
  private final Roster roster;
  private final UpstreamProbe upstream;
  private final Finder finder;
  private final Pull pull;
  private final Listener mirror;
  private final Listener peers;
  private volatile boolean draining;

  /**
   * Starts: listens when this returns. A containerd that is not there yet is waited for.
   *
   * @throws IOException where an address cannot be bound, or a file that an option names cannot be
   *     used
   */
  public Agent(ServeOptions options, Metrics metrics) throws IOException {
    deadlines = options.deadlines();
    PeerTls tls = PeerTls.NONE;
    if (options.peerTls().isPresent()) {
      var files = options.peerTls().get();
      tls = new MutualTls(files.certificate(), files.key(), files.authority());
    }
    Optional<CredentialFile> credentials = Optional.empty();
    if (options.credentialFile().isPresent()) {
      credentials = Optional.of(CredentialFile.open(options.credentialFile().get()));
    }
    network = Network.open();
    store = store(options.store());
    roster = roster();
    Peer self =
        new Peer(options.nodeIp().getHostAddress(), options.peerListen().getPort(), options.zone());
    PeerClient client = new PeerClient(self, network.group(), network.socket(), deadlines, tls);
    finder =
        new Finder(
            network.group().next(), Settings.DEFAULTS, self, client, System.currentTimeMillis());
    pull = new Pull(store, finder, client, metrics, deadlines);
    upstream = new UpstreamProbe(Upstreams::usual, deadlines.upstreamHead(), System.getenv());
    TagLookup tags = new TagLookup(rules(options.tags()), finder, upstream);

    peers =
        new Listener(
            network.group(),
            network.listener(),
            options.peerListen(),
            tls,
            MessageCodec.MAX_BYTES,
            new PeerHandler(self, pull, finder, store));
    mirror =
        new Listener(
            network.group(),
            network.listener(),
            options.listen(),
            PeerTls.NONE,
            MirrorHandler.MAX_BODY_BYTES,
            new MirrorHandler(pull, tags, credentials, metrics));
    roster.start(finder::roster);
    store.start(new Advertiser());
    log.info(
        "started",
        "node",
        options.nodeName(),
        "listen",
        mirror.address(),
        "peerListen",
        peers.address(),
        "tls",
        options.peerTls().isPresent());
  }

  private BlobStore store(StoreOptions options) {
    return switch (options) {
      case StoreOptions.OciLayout layout -> new LayoutStore(layout.folder());
      case StoreOptions.Containerd containerd ->
          throw new IllegalStateException("no containerd yet");
    };
  }

  private static Roster roster() {
    return new Roster() {
      @Override
      public void start(java.util.function.Consumer<java.util.Set<Peer>> listener) {}

      @Override
      public java.util.Set<Peer> members() {
        return java.util.Set.of();
      }

      @Override
      public void close() {}
    };
  }

  private static TagRules rules(TagPolicy policy) {
    return switch (policy) {
      case REVALIDATE -> TagRules.REVALIDATE;
      case SERVE -> TagRules.SERVE;
      case NEVER -> TagRules.NEVER;
    };
  }

  /** Why this agent is not ready; empty where it is. */
  public Optional<String> notReady() {
    return draining ? Optional.of("draining") : Optional.empty();
  }

  /** What the store holds is what the cluster is told. */
  private final class Advertiser implements BlobStore.Listener {
    @Override
    public void committed(Digest digest) {
      pull.committed(digest);
      finder.advertise(digest);
    }

    @Override
    public void deleted(Digest digest) {
      finder.withdraw(digest);
    }

    @Override
    public void tagged(Tag tag, Digest digest) {
      finder.advertiseTag(tag, digest);
    }

    @Override
    public void untagged(Tag tag) {
      finder.withdrawTag(tag);
    }

    @Override
    public void registry(String registry) {}
  }

  /**
   * Ends in an orderly way, bounded by {@link Deadlines#drain}: tells the homes, accepts no more,
   * lets streams end, and ends with FIN those that do not.
   */
  @Override
  public void close() {
    long until = System.nanoTime() + deadlines.drain().toNanos();
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
    upstream.close();
    network.close();
    log.info("stopped");
  }

  private static long remaining(long until) {
    return Math.max(1, until - System.nanoTime());
  }
}
