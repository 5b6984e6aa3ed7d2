package dev.registrymirror.agent.store.containerd;

import com.google.protobuf.Empty;
import com.google.protobuf.MessageLite;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.Setup;
import dev.registrymirror.agent.store.StoreThread;
import dev.registrymirror.agent.store.containerd.api.Envelope;
import dev.registrymirror.agent.store.containerd.api.Image;
import dev.registrymirror.agent.store.containerd.api.Info;
import dev.registrymirror.agent.store.containerd.api.ListContentRequest;
import dev.registrymirror.agent.store.containerd.api.ListContentResponse;
import dev.registrymirror.agent.store.containerd.api.ListImagesRequest;
import dev.registrymirror.agent.store.containerd.api.ListImagesResponse;
import dev.registrymirror.agent.store.containerd.api.PluginsRequest;
import dev.registrymirror.agent.store.containerd.api.StatusRequest;
import dev.registrymirror.agent.store.containerd.api.SubscribeRequest;
import dev.registrymirror.agent.store.containerd.api.VersionResponse;
import dev.registrymirror.agent.telemetry.Log;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Stays connected to containerd and hears of its images: subscribes to their events, lists them
 * after each, and now and then, which also shows that containerd still answers. After a restart of
 * containerd it connects again, waiting longer from try to try, and lists again.
 *
 * <p>Everything is on the store's thread, unless said otherwise.
 */
final class ContainerdSession {

  private static final Log log = Log.of("containerd");

  /** For an answer of one message; for the list of all content. */
  static final Duration ANSWER = Duration.ofSeconds(10);

  static final Duration LONG_ANSWER = Duration.ofSeconds(60);

  /** Between two tries: doubled from the first to the last, shortened by up to a half. */
  static final Duration FIRST_PAUSE = Duration.ofMillis(100);

  static final Duration LAST_PAUSE = Duration.ofSeconds(5);

  /** Images are listed this long after an event: a pull raises several at once. */
  static final Duration SETTLE = Duration.ofMillis(50);

  /** A subscription counts from some moment after it was sent: listed again after this. */
  static final Duration SUBSCRIBED = Duration.ofSeconds(1);

  /** Images are listed again without an event. */
  static final Duration REFRESH = Duration.ofSeconds(30);

  /** Content is listed again this long after {@link #contentDue}. */
  static final Duration CONTENT_PAUSE = Duration.ofSeconds(5);

  /** Pulls for Kubernetes, in containerd's filter syntax. */
  private static final String IMAGES_PLUGIN = "type==io.containerd.cri.v1,id==images";

  /** Labels that say where a blob came from: {@code …source.<registry>=<repository>[,…]}. */
  private static final String SOURCE_LABEL = "containerd.io/distribution.source.";

  /** Hears what containerd says, on the store's thread. */
  interface Store {
    /** All images of the namespace. */
    void images(List<Image> images);

    /** Whether no blob is held: then content is listed with the images, to see whether it ought. */
    boolean isEmpty();

    /** A listing of all blobs of the namespace begins. */
    Listing content();
  }

  /** Hears of one listing, on an event loop. */
  interface Listing {
    /** Some of the blobs. */
    void part(List<Info> blobs);

    /** There are no more; not said where the listing fails. */
    void end();
  }

  private final EventLoopGroup group;
  private final Path socket;
  private final String namespace;
  private final StoreThread thread;
  private final Store store;

  // Set on event loops too.
  private final AtomicBoolean listPlanned = new AtomicBoolean();

  // Of the store's thread only, until that has ended.
  private Connection current;
  private int failures;
  private boolean contentDue = true;

  // Set by whoever closes, after the store's thread has ended; read on event loops.
  private volatile boolean closed;

  // Written by the store's thread.
  private volatile boolean live;
  private volatile String problem;
  private volatile Setup setup = Setup.UNKNOWN;

  ContainerdSession(
      EventLoopGroup group, Path socket, String namespace, StoreThread thread, Store store) {
    this.group = group;
    this.socket = socket;
    this.namespace = namespace;
    this.thread = thread;
    this.store = store;
    problem = absent();
  }

  private String absent() {
    return socket + " is not there; start containerd, or name its socket with --containerd-socket";
  }

  /** Whether containerd answers; from any thread. */
  boolean isLive() {
    return live;
  }

  /** Why it does not and its mend, empty where it does; from any thread. */
  String problem() {
    return live ? "" : problem;
  }

  /** What containerd has said of itself; from any thread. */
  Setup setup() {
    return setup;
  }

  /** The registries that a blob was pulled from; none where it was imported. */
  static Set<String> sources(Info blob) {
    Set<String> registries = new HashSet<>();
    for (String label : blob.getLabelsMap().keySet()) {
      if (label.startsWith(SOURCE_LABEL)) {
        registries.add(label.substring(SOURCE_LABEL.length()));
      }
    }
    return registries;
  }

  /** As {@link Arrivals.Origins#find}. */
  void origins(Collection<Digest> blobs, Consumer<Map<Digest, Set<String>>> answer) {
    if (live && current != null) {
      current.origins(blobs, answer);
    }
  }

  void start() {
    connect();
    thread.every(REFRESH, this::refresh);
  }

  /** The socket came or went. */
  void socketChanged() {
    failures = 0;
    connect();
  }

  /** More may be known of files than before, to hold against what containerd says of them. */
  void contentDue() {
    if (!contentDue) {
      contentDue = true;
      thread.after(CONTENT_PAUSE, this::refresh);
    }
  }

  private void connect() {
    if (current != null || closed) {
      return;
    }
    if (!Files.exists(socket)) {
      problem = absent();
      return;
    }
    current = new Connection();
    GrpcClient.open(group, socket, namespace, current);
  }

  private void refresh() {
    if (current == null) {
      connect();
    } else if (live) {
      current.list();
    }
  }

  /** Called when the store's thread has ended. */
  void close() {
    closed = true;
    if (current != null && current.client != null) {
      current.client.close();
    }
  }

  /** One connection, from its opening to its end. */
  private final class Connection implements GrpcClient.Connected {
    // Set on the event loop.
    private volatile GrpcClient client;

    private boolean listing;
    private boolean listAgain;
    private boolean setupDue = true;

    @Override
    public void opened(GrpcClient client) {
      this.client = client;
      if (closed) {
        client.close();
        return;
      }
      call(GrpcMethod.VERSION, Empty.getDefaultInstance(), ANSWER, this::begin, () -> {});
    }

    @Override
    public void closed(String why) {
      thread.execute(() -> end(why));
    }

    private void begin(VersionResponse version) {
      thread.execute(
          () -> {
            log.info("connected to containerd", "version", version.getVersion());
            setup = Setup.of(version.getVersion().replaceFirst("^v", ""), Instant.now());
            contentDue = true;
            subscribe();
            list();
            thread.after(SUBSCRIBED, this::list);
          });
    }

    private void subscribe() {
      SubscribeRequest request =
          SubscribeRequest.newBuilder()
              .addFilters("namespace==\"" + namespace + "\",topic~=\"^/images/\"")
              .build();
      call(
          GrpcMethod.EVENTS,
          request,
          Duration.ZERO,
          this::event,
          () -> end("containerd ended the subscription to events"));
    }

    /** On an event loop. */
    private void event(Envelope event) {
      if (listPlanned.compareAndSet(false, true)) {
        log.debug("image event", "topic", event.getTopic());
        thread.after(
            SETTLE,
            () -> {
              listPlanned.set(false);
              list();
            });
      }
    }

    private void list() {
      if (current != this) {
        return;
      }
      if (listing) {
        listAgain = true;
        return;
      }
      listing = true;
      call(
          GrpcMethod.IMAGES,
          ListImagesRequest.getDefaultInstance(),
          ANSWER,
          answer -> thread.execute(() -> listed(answer)),
          () -> {});
    }

    private void listed(ListImagesResponse answer) {
      if (current != this) {
        return;
      }
      this.listing = false;
      failures = 0;
      store.images(answer.getImagesList());
      live = true;
      if (setupDue) {
        setupDue = false;
        readExports();
      }
      if (listAgain) {
        listAgain = false;
        list();
      } else if (contentDue || store.isEmpty()) {
        contentDue = false;
        Listing listing = store.content();
        call(
            GrpcMethod.CONTENT,
            ListContentRequest.getDefaultInstance(),
            LONG_ANSWER,
            (ListContentResponse part) -> listing.part(part.getInfoList()),
            listing::end);
      }
    }

    private void origins(Collection<Digest> blobs, Consumer<Map<Digest, Set<String>>> answer) {
      ListContentRequest.Builder request = ListContentRequest.newBuilder();
      blobs.forEach(digest -> request.addFilters("digest==\"" + digest + "\""));
      Map<Digest, Set<String>> found = new HashMap<>();
      call(
          GrpcMethod.CONTENT,
          request.build(),
          ANSWER,
          (ListContentResponse part) ->
              part.getInfoList()
                  .forEach(
                      info ->
                          Digest.tryParse(info.getDigest())
                              .ifPresent(digest -> found.put(digest, sources(info)))),
          () -> thread.execute(() -> answer.accept(found)));
    }

    /** From 2.4 on the plugin that pulls exports a part of its configuration. */
    private void readExports() {
      tryCall(
          GrpcMethod.PLUGINS,
          PluginsRequest.newBuilder().addFilters(IMAGES_PLUGIN).build(),
          answer -> {
            Setup found = SetupReader.fromExports(setup, answer);
            if (found.configPath().isPresent()) {
              setup = found;
            } else {
              readCriStatus();
            }
          });
    }

    /** Until 1.7 the CRI plugin tells all of its configuration, where there is one. */
    private void readCriStatus() {
      tryCall(
          GrpcMethod.CRI_STATUS,
          StatusRequest.newBuilder().setVerbose(true).build(),
          answer -> setup = SetupReader.fromCriStatus(setup, answer));
    }

    /**
     * Calls; what fails is tried again with the next list, unless containerd does not have it.
     *
     * @param answer on the store's thread
     */
    private <Q extends MessageLite, A extends MessageLite> void tryCall(
        GrpcMethod<Q, A> method, Q request, Consumer<A> answer) {
      client.call(
          method,
          request,
          ANSWER,
          new GrpcClient.Answers<A>() {
            @Override
            public void message(A message) {
              thread.execute(() -> answer.accept(message));
            }

            @Override
            public void ended(GrpcStatus status) {
              if (!status.isOk()) {
                log.debug("containerd's setup not read", "because", status);
                thread.execute(() -> setupDue = status.code() != GrpcStatus.UNIMPLEMENTED);
              }
            }
          });
    }

    /**
     * Calls; a call that fails ends the connection.
     *
     * @param message on an event loop
     * @param done after the last message, on an event loop
     */
    private <Q extends MessageLite, A extends MessageLite> void call(
        GrpcMethod<Q, A> method, Q request, Duration deadline, Consumer<A> message, Runnable done) {
      client.call(
          method,
          request,
          deadline,
          new GrpcClient.Answers<A>() {
            @Override
            public void message(A answer) {
              message.accept(answer);
            }

            @Override
            public void ended(GrpcStatus status) {
              if (status.isOk()) {
                done.run();
              } else {
                thread.execute(() -> end(status.toString()));
              }
            }
          });
    }

    private void end(String why) {
      if (current != this) {
        return;
      }
      current = null;
      if (live) {
        log.warn("containerd is away", "because", why, "mend", "none is needed if it restarts");
      } else {
        log.debug("containerd does not answer", "because", why);
      }
      live = false;
      problem = "containerd does not answer on " + socket + ": " + why;
      if (client != null) {
        client.close();
      }
      long pause =
          Math.min(LAST_PAUSE.toMillis(), FIRST_PAUSE.toMillis() << Math.min(failures, 10));
      failures++;
      long jitter = ThreadLocalRandom.current().nextLong(pause / 2 + 1);
      thread.after(Duration.ofMillis(pause - jitter), ContainerdSession.this::connect);
    }
  }
}
