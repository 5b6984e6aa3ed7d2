package dev.registrymirror.agent.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.bounds.Bandwidth;
import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.oci.Digest;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.ReferenceCounted;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A client whose sockets fail before they are any. */
class PeerClientTest {

  private static final Peer PEER = new Peer("127.0.0.1", 1, "");
  private static final Digest DIGEST = Digest.parse("sha256:" + "0".repeat(64));

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final EventLoop loop = group.next();

  @AfterEach
  void stop() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  /** What a process gets that has no free file descriptor, and a while later has some. */
  public static final class Socket extends NioSocketChannel {
    private static volatile boolean noDescriptorLeft;

    public Socket() {
      if (noDescriptorLeft) {
        throw new IllegalStateException("too many open files");
      }
    }
  }

  /** How a fetch failed, and whether it was told so on its loop. */
  private record Failed(FetchFailure why, boolean onLoop) {}

  @Test
  void countsNoConnectionThatNeverWas() throws Exception {
    // Given that no socket can be made for more exchanges than one peer may have connections
    PeerClient client =
        new PeerClient(
            PEER, group, Socket.class, Deadlines.DEFAULTS, Bandwidth.of(group, 0), PeerTls.NONE);
    Socket.noDescriptorLeft = true;
    for (int i = 0; i < PeerConnections.MAX_PER_PEER; i++) {
      assertThat(fetch(client))
          .succeedsWithin(10, TimeUnit.SECONDS)
          .isEqualTo(new Failed(FetchFailure.BUSY, true));
    }

    // When sockets can be made again
    Socket.noDescriptorLeft = false;

    // Then the peer is asked again: it is not there
    assertThat(fetch(client))
        .succeedsWithin(10, TimeUnit.SECONDS)
        .isEqualTo(new Failed(FetchFailure.UNREACHABLE, true));
  }

  private CompletableFuture<Failed> fetch(PeerClient client) {
    CompletableFuture<Failed> failed = new CompletableFuture<>();
    loop.execute(
        () ->
            client.fetch(
                loop,
                PEER,
                Paths.BLOBS,
                DIGEST,
                ByteRange.ALL,
                false,
                new BlobFetch.Patience(
                    Duration.ofSeconds(2), Duration.ofSeconds(5), 0, Duration.ofSeconds(5)),
                new BlobFetch.Receiver() {
                  @Override
                  public void head(ByteRange.Span span, long size, String type) {}

                  @Override
                  public void bytes(ReferenceCounted piece, int length) {
                    piece.release();
                  }

                  @Override
                  public Channel sink() {
                    return null;
                  }

                  @Override
                  public boolean ready() {
                    return true;
                  }

                  @Override
                  public void done() {}

                  @Override
                  public void unsatisfiable(long size) {}

                  @Override
                  public void failed(FetchFailure why) {
                    failed.complete(new Failed(why, loop.inEventLoop()));
                  }
                }));
    return failed;
  }
}
