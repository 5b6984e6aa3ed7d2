package dev.registrymirror.agent.peers;

import dev.registrymirror.agent.bounds.Bandwidth;
import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.telemetry.Log;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpDecoderConfig;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The connections of one event loop to other agents: HTTP/1.1, one exchange at a time on each, kept
 * for the next. Confined to that loop, so that a blob passes from a peer's socket to containerd's
 * without changing threads.
 */
final class PeerConnections {

  private static final Log log = Log.of("peers");

  /** Connections to one peer from one loop; an exchange beyond them fails at once. */
  static final int MAX_PER_PEER = 64;

  /** Idle connections kept to one peer. */
  static final int MAX_IDLE_PER_PEER = 4;

  /** Shorter than the peer's own bound, so that it is this side that closes. */
  static final int IDLE_SECONDS = 30;

  /**
   * Read at once from a peer's stream; with it one stream passes a peer's bytes on about as fast as
   * sendfile. Each stream holds one such buffer where containerd is slow.
   */
  static final int RECEIVE_BYTES = 256 << 10;

  private static final int MAX_LINE_BYTES = 4096;
  private static final int MAX_HEADER_BYTES = 8192;

  private final EventLoop loop;
  private final Bootstrap bootstrap;
  private final Deadlines deadlines;
  private final Bandwidth download;
  private final Map<Peer, Deque<PeerConnection>> idle = new HashMap<>();
  private final Map<Peer, Integer> open = new HashMap<>();

  PeerConnections(
      EventLoop loop,
      Class<? extends Channel> socket,
      Deadlines deadlines,
      Bandwidth download,
      PeerTls tls) {
    this.loop = loop;
    this.download = download;
    this.deadlines = deadlines;
    this.bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(socket)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) deadlines.connect().toMillis())
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.AUTO_READ, false)
            .option(
                ChannelOption.RECVBUF_ALLOCATOR,
                new FixedRecvByteBufAllocator(RECEIVE_BYTES).maxMessagesPerRead(1))
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WriteBufferWaterMark.DEFAULT)
            .handler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    tls.client(channel);
                    channel.pipeline().addLast(codec());
                  }
                });
  }

  static HttpClientCodec codec() {
    return new HttpClientCodec(
        new HttpDecoderConfig()
            .setMaxInitialLineLength(MAX_LINE_BYTES)
            .setMaxHeaderSize(MAX_HEADER_BYTES)
            // A read is passed on whole.
            .setMaxChunkSize(RECEIVE_BYTES),
        false,
        false);
  }

  /**
   * Sends a request and tells {@code exchange} of its response, or of the reason why there is none.
   * Takes over the request.
   */
  void send(Peer peer, FullHttpRequest request, Exchange exchange) {
    Deque<PeerConnection> kept = idle.get(peer);
    for (PeerConnection connection; kept != null && (connection = kept.pollFirst()) != null; ) {
      if (connection.isOpen()) {
        connection.begin(request, exchange);
        return;
      }
    }
    connect(peer, request, exchange);
  }

  private void connect(Peer peer, FullHttpRequest request, Exchange exchange) {
    if (open.getOrDefault(peer, 0) >= MAX_PER_PEER) {
      busy(request, exchange);
      return;
    }
    ChannelFuture connecting = bootstrap.connect(peer.host(), peer.port());
    if (connecting.cause() != null) {
      // No socket could be made, so there is none that would be closed, and no loop to hear of it.
      log.warn("no socket", connecting.cause(), "peer", peer);
      busy(request, exchange);
      return;
    }
    open.merge(peer, 1, Integer::sum);
    connecting
        .channel()
        .closeFuture()
        .addListener(
            closed -> open.computeIfPresent(peer, (p, count) -> count == 1 ? null : count - 1));
    connecting.addListener(
        connected -> {
          if (!connected.isSuccess()) {
            request.release();
            exchange.failed(FetchFailure.UNREACHABLE);
            return;
          }
          PeerConnection connection = new PeerConnection(this, peer);
          connecting.channel().pipeline().addLast(connection);
          connection.begin(request, exchange);
        });
  }

  private void busy(FullHttpRequest request, Exchange exchange) {
    request.release();
    // Not within the caller's own call.
    loop.execute(() -> exchange.failed(FetchFailure.BUSY));
  }

  /** Keeps a connection for the next exchange. */
  void release(Peer peer, PeerConnection connection) {
    Deque<PeerConnection> kept = idle.computeIfAbsent(peer, p -> new ArrayDeque<>(2));
    if (kept.size() >= MAX_IDLE_PER_PEER) {
      connection.close();
      return;
    }
    kept.addFirst(connection);
    connection.closeAfter(loop.schedule(connection::close, IDLE_SECONDS, TimeUnit.SECONDS));
  }

  /** Forgets a kept connection that was closed. */
  void closed(Peer peer, PeerConnection connection) {
    idle.computeIfPresent(
        peer,
        (p, kept) -> {
          kept.remove(connection);
          return kept.isEmpty() ? null : kept;
        });
  }

  Bandwidth download() {
    return download;
  }

  EventLoop loop() {
    return loop;
  }

  Deadlines deadlines() {
    return deadlines;
  }
}
