import com.google.protobuf.MessageLite;
import dev.registrymirror.agent.store.containerd.api.Descriptor;
import dev.registrymirror.agent.store.containerd.api.Envelope;
import dev.registrymirror.agent.store.containerd.api.Image;
import dev.registrymirror.agent.store.containerd.api.Info;
import dev.registrymirror.agent.store.containerd.api.ListContentResponse;
import dev.registrymirror.agent.store.containerd.api.ListImagesResponse;
import dev.registrymirror.agent.store.containerd.api.PluginsResponse;
import dev.registrymirror.agent.store.containerd.api.StatusResponse;
import dev.registrymirror.agent.store.containerd.api.VersionResponse;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.util.ReferenceCountUtil;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Answers on a socket as a containerd does that holds one image: gRPC over HTTP/2. What the agent
 * subscribes to raises one event and stays open.
 */
final class FakeContainerd implements AutoCloseable {

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Descriptor manifest;
  private final CountDownLatch listed = new CountDownLatch(1);

  /**
   * Listens when this returns.
   *
   * @param socket where nothing is yet
   * @param manifest of its image
   */
  FakeContainerd(Path socket, Descriptor manifest) throws InterruptedException {
    this.manifest = manifest;
    new ServerBootstrap()
        .group(group)
        .channel(NioServerDomainSocketChannel.class)
        .childHandler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel connection) {
                connection
                    .pipeline()
                    .addLast(Http2FrameCodecBuilder.forServer().build())
                    .addLast(new Http2MultiplexHandler(new Call()));
              }
            })
        .bind(UnixDomainSocketAddress.of(socket))
        .sync();
  }

  /** Waits until its content was asked for, which is the last that is. */
  void awaitListed(Duration patience) throws InterruptedException {
    listed.await(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private final class Call extends ChannelInboundHandlerAdapter {
    @Override
    public boolean isSharable() {
      return true;
    }

    @Override
    public void channelRead(ChannelHandlerContext call, Object frame) {
      if (frame instanceof Http2HeadersFrame request) {
        answer(call, request.headers().path().toString());
      }
      ReferenceCountUtil.release(frame);
    }
  }

  private void answer(ChannelHandlerContext call, String path) {
    call.write(
        new DefaultHttp2HeadersFrame(
            new DefaultHttp2Headers().status("200").set("content-type", "application/grpc")));
    switch (path.replace("/containerd.services.", "")) {
      case "version.v1.Version/Version" ->
          end(call, VersionResponse.newBuilder().setVersion("training").build());
      case "images.v1.Images/List" ->
          end(
              call,
              ListImagesResponse.newBuilder()
                  .addImages(
                      Image.newBuilder().setName("docker.io/training/image:1").setTarget(manifest))
                  .build());
      case "content.v1.Content/List" -> {
        end(
            call,
            ListContentResponse.newBuilder()
                .addInfo(
                    Info.newBuilder()
                        .setDigest(manifest.getDigest())
                        .setSize(manifest.getSize())
                        .putLabels("containerd.io/distribution.source.docker.io", "training/image"))
                .build());
        listed.countDown();
      }
      case "introspection.v1.Introspection/Plugins" ->
          end(call, PluginsResponse.getDefaultInstance());
      case "/runtime.v1.RuntimeService/Status" ->
          end(
              call,
              StatusResponse.newBuilder()
                  .putInfo("config", "{\"registry\":{\"configPath\":\"/etc/containerd/certs.d\"}}")
                  .build());
      case "events.v1.Events/Subscribe" ->
          message(call, Envelope.newBuilder().setTopic("/images/create").build());
      default -> call.close();
    }
  }

  private static void end(ChannelHandlerContext call, MessageLite answer) {
    message(call, answer);
    call.writeAndFlush(
        new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().set("grpc-status", "0"), true));
  }

  /** A message with its prefix: not compressed, its length. */
  private static void message(ChannelHandlerContext call, MessageLite answer) {
    byte[] bytes = answer.toByteArray();
    ByteBuf message = call.alloc().buffer();
    message.writeByte(0).writeInt(bytes.length).writeBytes(bytes);
    call.writeAndFlush(new DefaultHttp2DataFrame(message));
  }
}
