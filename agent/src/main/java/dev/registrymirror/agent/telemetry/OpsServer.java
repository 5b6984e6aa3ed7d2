package dev.registrymirror.agent.telemetry;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The listener for Prometheus, the kubelet, the operator and people ({@code --metrics-listen}):
 * {@code /metrics}, {@code /readyz}, {@code /livez}, {@code /status} and the page. It serves no
 * blob and names no image.
 *
 * <p>Bounds: a connection carries one request and ends after {@link #LIFETIME} at the latest; of
 * more than {@link #MAX_CONNECTIONS} the oldest is closed, so that slow clients cannot keep the
 * kubelet's probes out; a request is at most {@link #MAX_LINE} and {@link #MAX_HEADERS} long and
 * has at most {@link #MAX_BODY} of a body, which is ignored.
 */
public final class OpsServer implements AutoCloseable {

  /** Open connections. */
  public static final int MAX_CONNECTIONS = 64;

  /** From accepting a connection to its end. */
  public static final Duration LIFETIME = Duration.ofSeconds(10);

  /** Bytes of a request's first line. */
  static final int MAX_LINE = 4096;

  /** Bytes of a request's headers; browsers send cookies of other services on the same host. */
  static final int MAX_HEADERS = 16 << 10;

  /** Bytes of a request's body. */
  static final int MAX_BODY = 1024;

  private static final Duration CLOSING = Duration.ofSeconds(1);

  private final Channel listener;

  /** Oldest first. Guarded by itself: connections come and go on several event loops. */
  private final Deque<Channel> connections;

  private OpsServer(Channel listener, Deque<Channel> connections) {
    this.listener = listener;
    this.connections = connections;
  }

  /**
   * Listens. The suppliers are called on an event loop for each request and must not block.
   *
   * @param group what everything runs on; each of its loops must answer for {@code /livez}
   * @param kind of channel, as the group needs it
   * @param listen port 0 for any
   * @param notReady empty where the agent is ready, else why it is not
   * @throws IOException where the address cannot be listened on; the message says which and why
   */
  public static OpsServer start(
      EventLoopGroup group,
      ChannelFactory<? extends ServerChannel> kind,
      InetSocketAddress listen,
      Metrics metrics,
      Supplier<Optional<String>> notReady,
      Supplier<StatusReport> status)
      throws IOException {
    return start(group, kind, listen, metrics, notReady, status, LIFETIME);
  }

  static OpsServer start(
      EventLoopGroup group,
      ChannelFactory<? extends ServerChannel> kind,
      InetSocketAddress listen,
      Metrics metrics,
      Supplier<Optional<String>> notReady,
      Supplier<StatusReport> status,
      Duration lifetime)
      throws IOException {
    Deque<Channel> connections = new ArrayDeque<>();
    OpsHandler handler = new OpsHandler(group, metrics, notReady, status);
    ChannelFuture bound =
        new ServerBootstrap()
            .group(group)
            .channelFactory(kind)
            .option(ChannelOption.SO_BACKLOG, MAX_CONNECTIONS)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    admit(channel, connections, lifetime);
                    channel.pipeline().addLast(new HttpServerCodec(MAX_LINE, MAX_HEADERS, 8192));
                    // Refuses a long body with 413, and hands the request on in one piece.
                    channel.pipeline().addLast(new HttpObjectAggregator(MAX_BODY, true));
                    channel.pipeline().addLast(handler);
                  }
                })
            .bind(listen)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "cannot listen on " + listen + " for metrics: " + bound.cause().getMessage(),
          bound.cause());
    }
    return new OpsServer(bound.channel(), connections);
  }

  private static void admit(Channel channel, Deque<Channel> connections, Duration lifetime) {
    Channel oldest = null;
    synchronized (connections) {
      connections.addLast(channel);
      if (connections.size() > MAX_CONNECTIONS) {
        oldest = connections.pollFirst();
      }
    }
    if (oldest != null) {
      end(oldest);
    }
    var deadline =
        channel
            .eventLoop()
            .schedule(() -> end(channel), lifetime.toMillis(), TimeUnit.MILLISECONDS);
    channel
        .closeFuture()
        .addListener(
            closed -> {
              deadline.cancel(false);
              synchronized (connections) {
                connections.remove(channel);
              }
            });
  }

  private static void end(Channel channel) {
    channel.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
  }

  /** Where it listens. */
  public SocketAddress address() {
    return listener.localAddress();
  }

  /** Stops to listen and closes what is open. The group is left to its owner. */
  @Override
  public void close() {
    listener.close().awaitUninterruptibly(CLOSING.toMillis());
    List<Channel> open;
    synchronized (connections) {
      open = new ArrayList<>(connections);
    }
    for (Channel channel : open) {
      end(channel);
    }
  }
}
