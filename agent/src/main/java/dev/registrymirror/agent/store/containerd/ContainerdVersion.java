package dev.registrymirror.agent.store.containerd;

import com.google.protobuf.Empty;
import dev.registrymirror.agent.store.containerd.api.VersionResponse;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks a containerd, once, which release it is. */
public final class ContainerdVersion {

  /** For its answer, once the connection is open. */
  public static final Duration ANSWER = Duration.ofSeconds(2);

  private ContainerdVersion() {}

  /**
   * Waits for the answer, at most {@link #ANSWER} and 2 s for the connection; not to be called on
   * an event loop.
   *
   * @param group with an epoll handler
   * @return as containerd writes it: {@code v1.7.35}, or {@code 1.6.20~ds1}
   * @throws IOException where nothing answers there, or what does is no containerd
   */
  public static String ask(EventLoopGroup group, Path socket, String namespace) throws IOException {
    if (!Files.exists(socket)) {
      throw new IOException("it is not there");
    }
    CompletableFuture<String> version = new CompletableFuture<>();
    GrpcClient.open(group, socket, namespace, new Question(version));
    try {
      Duration bound = GrpcClient.CONNECT.plus(ANSWER);
      return version.get(bound.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e.getCause());
    } catch (TimeoutException e) {
      throw new IOException("no answer in time", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** One connection, for one call. */
  private record Question(CompletableFuture<String> version) implements GrpcClient.Connected {

    @Override
    public void opened(GrpcClient client) {
      client.call(
          GrpcMethod.VERSION,
          Empty.getDefaultInstance(),
          ANSWER,
          new GrpcClient.Answers<VersionResponse>() {
            @Override
            public void message(VersionResponse answer) {
              version.complete(answer.getVersion());
            }

            @Override
            public void ended(GrpcStatus status) {
              // Counts only where no message came before.
              closed(status.toString());
              client.close();
            }
          });
    }

    @Override
    public void closed(String why) {
      version.completeExceptionally(new IOException(why));
    }
  }
}
