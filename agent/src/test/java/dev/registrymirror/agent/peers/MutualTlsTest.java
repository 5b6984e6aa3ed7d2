package dev.registrymirror.agent.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.agent.peers.TestAuthority.Identity;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may speak with whom, over real sockets: a server that says back what it hears. */
class MutualTlsTest {

  /** What a client hears where the connection ends. */
  private static final String END = "end";

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir private Path folder;
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private TestAuthority authority;
  private TestAuthority other;
  private Channel server;

  @BeforeEach
  void makeAuthorities() throws Exception {
    authority = new TestAuthority();
    other = new TestAuthority();
  }

  @AfterEach
  void endLoops() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void agentsOfOneAuthorityUnderstandEachOther() throws Exception {
    serve(authority.write(folder.resolve("server")));

    assertThat(says(authority.write(folder.resolve("client")))).isEqualTo("hello");
  }

  @Test
  void anotherAuthoritysAgentsAreRefusedByEither() throws Exception {
    serve(authority.write(folder.resolve("server")));

    // A client that would trust the server, and one that would not
    Identity foreign = other.write(folder.resolve("foreign"));
    Identity known = authority.write(folder.resolve("known"));
    Identity trusting = new Identity(foreign.certificate(), foreign.key(), known.authority());
    Identity trusted = new Identity(known.certificate(), known.key(), foreign.authority());
    assertThat(says(trusting)).isEqualTo(END);
    assertThat(says(trusted)).isEqualTo(END);
  }

  @Test
  void otherNamesOfTheAuthorityAreRefusedByEither() throws Exception {
    Identity mirror = authority.write(folder.resolve("mirror"));
    Identity named = authority.write(folder.resolve("named"), "other.registrymirror.dev");

    serve(mirror);
    assertThat(says(named)).as("as a client").isEqualTo(END);

    serve(named);
    assertThat(says(mirror)).as("as a server").isEqualTo(END);
  }

  @Test
  void expiredCertificatesAreRefusedByEither() throws Exception {
    Identity mirror = authority.write(folder.resolve("mirror"));
    Identity expired = authority.writeExpired(folder.resolve("expired"));

    serve(mirror);
    assertThat(says(expired)).as("as a client").isEqualTo(END);

    serve(expired);
    assertThat(says(mirror)).as("as a server").isEqualTo(END);
  }

  @Test
  void plaintextIsRefused() throws Exception {
    serve(authority.write(folder.resolve("server")));
    Client client = new Client(PeerTls.NONE);

    client.send("GET / HTTP/1.1\r\n\r\n");

    // An alert of TLS may come before the end.
    String heard = client.hears();
    assertThat(heard).doesNotContain("GET");
    assertThat(heard.equals(END) ? heard : client.hears()).isEqualTo(END);
  }

  @Test
  void certificatesAreReloadedWhenALinkIsSwapped() throws Exception {
    // Given files as kubelet mounts them: links through a folder that is itself a link
    Identity files = mount("first", authority);
    serve(files);
    Client open = new Client(files.tls());
    open.send("before");
    assertThat(open.hears()).isEqualTo("before");

    // When
    swap("second", other);

    // Then newcomers need the new authority's certificate, and who is there stays
    Identity newcomer = other.write(folder.resolve("newcomer"));
    await(newcomer, "hello");
    assertThat(says(authority.write(folder.resolve("late")))).isEqualTo(END);
    open.send("after");
    assertThat(open.hears()).isEqualTo("after");
  }

  @Test
  void filesThatCannotBeUsedLeaveTheOldOnes() throws Exception {
    Identity files = authority.write(folder.resolve("server"));
    Identity client = authority.write(folder.resolve("client"));
    serve(files);

    // A certificate that came before its key
    Identity next = other.write(folder.resolve("next"));
    replace(next.certificate(), files.certificate());
    assertStays(client);

    // No certificate at all
    Files.writeString(files.certificate(), "-----BEGIN");
    assertStays(client);

    // When all are there
    replace(next.certificate(), files.certificate());
    replace(next.key(), files.key());
    replace(next.authority(), files.authority());

    // Then
    await(other.write(folder.resolve("newcomer")), "hello");
  }

  @Test
  void filesThatCannotBeUsedAreNamedAtTheStart() throws Exception {
    Identity files = authority.write(folder.resolve("server"));
    Identity next = other.write(folder.resolve("next"));

    assertThatThrownBy(() -> new MutualTls(files.certificate(), next.key(), files.authority()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(next.key().toString());
    Path missing = folder.resolve("missing");
    assertThatThrownBy(() -> new MutualTls(missing, files.key(), files.authority()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(missing.toString());
    assertThatThrownBy(() -> new MutualTls(files.certificate(), files.key(), files.key()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not usable for TLS");
  }

  /** For longer than the pause between two looks at the files. */
  private void assertStays(Identity client) throws Exception {
    long end = System.nanoTime() + MutualTls.LOOK.multipliedBy(2).toNanos();
    while (System.nanoTime() < end) {
      assertThat(says(client)).isEqualTo("hello");
    }
  }

  private void await(Identity client, String heard) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!says(client).equals(heard)) {
      assertThat(System.nanoTime()).as("in time").isLessThan(end);
    }
  }

  private Identity mount(String version, TestAuthority by) throws Exception {
    swap(version, by);
    Path mount = folder.resolve("mount");
    for (String file : new String[] {"tls.crt", "tls.key", "ca.crt"}) {
      Files.createSymbolicLink(mount.resolve(file), Path.of("..data", file));
    }
    return new Identity(
        mount.resolve("tls.crt"), mount.resolve("tls.key"), mount.resolve("ca.crt"));
  }

  private void swap(String version, TestAuthority by) throws Exception {
    Path mount = folder.resolve("mount");
    by.write(mount.resolve(".." + version));
    Path link = Files.createSymbolicLink(mount.resolve("..data_tmp"), Path.of(".." + version));
    Files.move(link, mount.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
  }

  private static void replace(Path from, Path to) throws IOException {
    Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
  }

  private void serve(Identity files) throws IOException {
    MutualTls tls = files.tls();
    server =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    tls.server(channel);
                    channel.pipeline().addLast(new Echo());
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .syncUninterruptibly()
            .channel();
  }

  private String says(Identity files) throws Exception {
    Client client = new Client(files.tls());
    client.send("hello");
    String heard = client.hears();
    client.channel.close();
    return heard;
  }

  private static final class Echo extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      context.writeAndFlush(message);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }

  private final class Client {
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private final Channel channel;

    Client(PeerTls tls) {
      channel =
          new Bootstrap()
              .group(group)
              .channel(NioSocketChannel.class)
              .handler(
                  new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                      tls.client(channel);
                      channel.pipeline().addLast(new Ear());
                    }
                  })
              .connect(server.localAddress())
              .syncUninterruptibly()
              .channel();
    }

    void send(String text) {
      channel.writeAndFlush(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
    }

    String hears() throws InterruptedException {
      String next = heard.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(next).as("an answer or an end").isNotNull();
      return next;
    }

    private final class Ear extends ChannelInboundHandlerAdapter {
      @Override
      public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        heard.add(bytes.toString(StandardCharsets.US_ASCII));
        bytes.release();
      }

      @Override
      public void channelInactive(ChannelHandlerContext context) {
        heard.add(END);
      }

      @Override
      public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
      }
    }
  }
}
