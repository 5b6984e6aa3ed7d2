package dev.registrymirror.agent;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * The few threads that all sockets share, and the kind of sockets: epoll's on Linux; Java's own
 * elsewhere, for trying the mirror out on a laptop.
 */
record Network(
    EventLoopGroup group, Class<? extends Channel> socket, Class<? extends ServerChannel> listener)
    implements AutoCloseable {

  /** A loop passes on over 1 GB/s; more than this many only cost memory. */
  static final int MAX_LOOPS = 4;

  static Network open() {
    int loops = Math.clamp(Runtime.getRuntime().availableProcessors(), 2, MAX_LOOPS);
    boolean epoll = Epoll.isAvailable();
    IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    return new Network(
        new MultiThreadIoEventLoopGroup(loops, new DefaultThreadFactory("io", true), io),
        epoll ? EpollSocketChannel.class : NioSocketChannel.class,
        epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class);
  }

  ChannelFactory<? extends ServerChannel> listenerFactory() {
    return new ReflectiveChannelFactory<>(listener);
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
