package dev.registrymirror.agent.http;

import dev.registrymirror.agent.peers.PeerTls;
import dev.registrymirror.agent.telemetry.Log;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.stream.ChunkedWriteHandler;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A port where HTTP/1.1 is spoken, with its one pipeline. */
public final class Listener implements AutoCloseable {

  private static final Log log = Log.of("http");

  /** Connections at once; more are closed as they come. */
  public static final int MAX_CONNECTIONS = 1024;

  /** The longest request line: a name of 255, a registry of 255, a digest of 135, and room. */
  static final int MAX_LINE_BYTES = 4096;

  static final int MAX_HEADER_BYTES = 16 << 10;

  /**
   * Without a byte in either direction; longer than clients keep idle connections (containerd 30 s,
   * agents 30 s), so that it is they who close them. Also the bound on a client that takes nothing.
   */
  static final int IDLE_SECONDS = 120;

  private static final int LAST_WAIT_SECONDS = 1;

  /** Bytes waiting for a client beyond which no more are read for it, and where reading goes on. */
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(64 << 10, 256 << 10);

  private final Channel server;
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

  /**
   * Listens.
   *
   * @param maxBody the longest body of a request in bytes
   * @throws IOException where the address cannot be bound
   */
  public Listener(
      EventLoopGroup group,
      Class<? extends ServerChannel> socket,
      InetSocketAddress address,
      PeerTls tls,
      int maxBody,
      Connection.Handler handler)
      throws IOException {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(group)
            .channel(socket)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, MAX_CONNECTIONS)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    if (connections.size() >= MAX_CONNECTIONS) {
                      log.debug("too many connections", "client", channel.remoteAddress());
                      channel.close();
                      return;
                    }
                    connections.add(channel);
                    tls.server(channel);
                    channel
                        .pipeline()
                        // Output counts as a sign of life while a slow client takes a large blob.
                        .addLast(new IdleStateHandler(true, 0, 0, IDLE_SECONDS, TimeUnit.SECONDS))
                        // Before the codec: counts from a request's first byte.
                        .addLast(new RequestDeadline())
                        .addLast(new HttpServerCodec(MAX_LINE_BYTES, MAX_HEADER_BYTES, 8192))
                        // Requests have small bodies or none; a larger one is refused with 413.
                        .addLast(new HttpObjectAggregator(maxBody));
                    if (channel.pipeline().get(SslHandler.class) != null) {
                      // Sends files in pieces where TLS forbids sendfile.
                      channel.pipeline().addLast(new ChunkedWriteHandler());
                    }
                    channel.pipeline().addLast(new Connection(handler));
                  }
                });
    try {
      server = bootstrap.bind(address).sync().channel();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while binding " + address, e);
    } catch (Exception e) {
      throw new IOException(
          "cannot listen on "
              + NetUtil.toSocketAddressString(address)
              + ": "
              + e.getMessage()
              + "; end what listens there, or give another address",
          e);
    }
  }

  /** Where it listens; the port is the true one where 0 was asked for. */
  public InetSocketAddress address() {
    return (InetSocketAddress) server.localAddress();
  }

  /**
   * Accepts no more connections, and ends each with FIN after the response that is under way.
   *
   * @return done when the last connection is closed
   */
  public Future<?> drain() {
    server.close().syncUninterruptibly();
    onEach(Connection::drain);
    return connections.newCloseFuture();
  }

  /** Ends every connection with FIN after what it has sent so far. */
  private void breakOff() {
    onEach(Connection::breakOff);
  }

  private void onEach(Consumer<Connection> action) {
    for (Channel channel : connections) {
      channel
          .eventLoop()
          .execute(
              () -> {
                Connection connection = channel.pipeline().get(Connection.class);
                if (connection != null) {
                  action.accept(connection);
                }
              });
    }
  }

  /** Ends what is left, with FIN; waits for clients that do not end their side for a second. */
  @Override
  public void close() {
    server.close().syncUninterruptibly();
    breakOff();
    connections.newCloseFuture().awaitUninterruptibly(LAST_WAIT_SECONDS, TimeUnit.SECONDS);
    connections.close().awaitUninterruptibly();
  }
}
