package dev.registrymirror.lab.cri;

import dev.registrymirror.lab.cri.api.AuthConfig;
import dev.registrymirror.lab.cri.api.Image;
import dev.registrymirror.lab.cri.api.ImageServiceGrpc;
import dev.registrymirror.lab.cri.api.ImageSpec;
import dev.registrymirror.lab.cri.api.ListImagesRequest;
import dev.registrymirror.lab.cri.api.PullImageRequest;
import dev.registrymirror.lab.cri.api.RemoveImageRequest;
import dev.registrymirror.lab.cri.api.RuntimeServiceGrpc;
import dev.registrymirror.lab.cri.api.VersionRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

/** Speaks to one containerd as kubelet does: CRI v1 over its socket. */
public final class CriClient implements AutoCloseable {

  private static final Duration ANSWER_BOUND = Duration.ofSeconds(10);

  // containerd 1.6 serves CRI before it has set it up, and fails each call with code UNKNOWN.
  private static final String CRI_NOT_SET_UP = "server is not initialized yet";

  // gRPC asks for SO_KEEPALIVE, which a Unix socket does not know, and Netty warns each time.
  private static final Logger CHANNEL_OPTIONS = Logger.getLogger("io.netty.bootstrap.Bootstrap");

  static {
    CHANNEL_OPTIONS.setLevel(Level.SEVERE);
  }

  private final ManagedChannel channel;

  /** Connects when first used, and again after containerd has been away. */
  public CriClient(Path socket, EventLoopGroup eventLoops) {
    channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
            .channelType(EpollDomainSocketChannel.class)
            .eventLoopGroup(eventLoops)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
  }

  /** Whether containerd answers now. */
  public boolean isReady() {
    // gRPC waits longer after each failure to connect: a daemon that just came would wait for it.
    channel.resetConnectBackoff();
    try {
      RuntimeServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(ANSWER_BOUND.toMillis(), TimeUnit.MILLISECONDS)
          .version(VersionRequest.getDefaultInstance());
      return true;
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.UNAVAILABLE
          || e.getStatus().getCode() == Status.Code.UNIMPLEMENTED
          || CRI_NOT_SET_UP.equals(e.getStatus().getDescription())) {
        return false;
      }
      throw e;
    }
  }

  /**
   * Pulls and unpacks an image, as kubelet asks for it.
   *
   * @return the reference that containerd answers with, the digest of the image's config
   * @throws PullFailed with containerd's own message, or where {@code bound} has passed
   */
  public String pull(String reference, Optional<Login> login, Duration bound) {
    PullImageRequest.Builder request = PullImageRequest.newBuilder().setImage(spec(reference));
    login.ifPresent(
        secret ->
            request.setAuth(
                AuthConfig.newBuilder().setUsername(secret.user()).setPassword(secret.password())));
    try {
      return images(bound).pullImage(request.build()).getImageRef();
    } catch (StatusRuntimeException e) {
      throw new PullFailed(e.getStatus().getCode() + ": " + e.getStatus().getDescription(), e);
    }
  }

  /** The names of all images: with tags, and with digests. */
  public List<String> images() {
    List<Image> images =
        images(ANSWER_BOUND).listImages(ListImagesRequest.getDefaultInstance()).getImagesList();
    return images.stream()
        .flatMap(
            image ->
                Stream.concat(
                    image.getRepoTagsList().stream(), image.getRepoDigestsList().stream()))
        .toList();
  }

  /** Removes an image; containerd collects its blobs some time later. */
  public void remove(String reference) {
    images(ANSWER_BOUND)
        .removeImage(RemoveImageRequest.newBuilder().setImage(spec(reference)).build());
  }

  private ImageServiceGrpc.ImageServiceBlockingStub images(Duration bound) {
    channel.resetConnectBackoff();
    return ImageServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(bound.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static ImageSpec spec(String reference) {
    return ImageSpec.newBuilder().setImage(reference).build();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
