package dev.registrymirror.agent.http;

import dev.registrymirror.agent.bounds.Bandwidth;
import dev.registrymirror.agent.homes.Message;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.peers.Finder;
import dev.registrymirror.agent.peers.MessageCodec;
import dev.registrymirror.agent.peers.Paths;
import dev.registrymirror.agent.pull.Pull;
import dev.registrymirror.agent.pull.Request;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.telemetry.Log;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import dev.registrymirror.agent.telemetry.Served;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.Optional;

/**
 * What other agents talk to: {@link Paths}. Blobs come from this node's own store and its own
 * downloads only, so that a request goes over one hop and never in a circle.
 */
public final class PeerHandler implements Connection.Handler {

  private static final Log log = Log.of("http");

  /** Peers ask for digests; in which repository is of no matter. */
  private static final Repository ANY = new Repository(Route.NO_REGISTRY, "peer");

  private final Peer self;
  private final Pull pull;
  private final Finder finder;
  private final BlobStore store;
  private final Bandwidth upload;
  private final Served served;

  public PeerHandler(
      Peer self, Pull pull, Finder finder, BlobStore store, Bandwidth upload, Served served) {
    this.self = self;
    this.pull = pull;
    this.finder = finder;
    this.store = store;
    this.upload = upload;
    this.served = served;
  }

  @Override
  public void handle(FullHttpRequest request, Response response) {
    String path = request.uri();
    boolean post = request.method().equals(HttpMethod.POST);
    boolean get =
        request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD);
    if (get && path.startsWith(Paths.BLOBS)) {
      serve(Kind.BLOB, false, path.substring(Paths.BLOBS.length()), request, response);
    } else if (get && path.startsWith(Paths.MANIFESTS)) {
      serve(Kind.MANIFEST, false, path.substring(Paths.MANIFESTS.length()), request, response);
    } else if (get && path.startsWith(Paths.GROWING_BLOBS)) {
      serve(Kind.BLOB, true, path.substring(Paths.GROWING_BLOBS.length()), request, response);
    } else if (get && path.startsWith(Paths.GROWING_MANIFESTS)) {
      serve(
          Kind.MANIFEST, true, path.substring(Paths.GROWING_MANIFESTS.length()), request, response);
    } else if (post && path.equals(Paths.MESSAGES)) {
      receive(request, response);
    } else if (post && path.startsWith(Paths.SUSPECTS)) {
      suspect(path.substring(Paths.SUSPECTS.length()), response);
    } else {
      response.error(ErrorCode.NAME_UNKNOWN);
    }
  }

  private void serve(
      Kind kind, boolean growing, String reference, FullHttpRequest request, Response response) {
    Optional<Digest> digest = Digest.tryParse(reference);
    Optional<ByteRange> range = ByteRange.parse(request.headers().get(HttpHeaderNames.RANGE));
    if (digest.isEmpty()) {
      response.error(ErrorCode.DIGEST_INVALID);
    } else if (range.isEmpty()) {
      response.error(ErrorCode.RANGE_INVALID);
    } else {
      Request wanted =
          new Request(
              ANY,
              kind,
              digest.get(),
              response.isHead() ? ByteRange.ALL : range.get(),
              response.isHead(),
              false,
              false,
              false,
              loop(response));
      PeerAnswer answer = new PeerAnswer(wanted, response, upload, served);
      if (growing) {
        pull.tail(wanted, answer);
      } else if (!pull.fromStore(wanted, answer)) {
        answer.notFound();
      }
    }
  }

  private void suspect(String reference, Response response) {
    Optional<Digest> digest = Digest.tryParse(reference);
    if (digest.isEmpty()) {
      response.error(ErrorCode.DIGEST_INVALID);
      return;
    }
    store.verify(digest.get());
    response.full(
        HttpResponseStatus.ACCEPTED,
        HttpHeaderValues.APPLICATION_JSON,
        Unpooled.EMPTY_BUFFER,
        head -> {});
  }

  private void receive(FullHttpRequest request, Response response) {
    MessageCodec.Envelope envelope;
    try {
      envelope = MessageCodec.decode(ByteBufUtil.getBytes(request.content()));
    } catch (MessageCodec.MalformedMessageException e) {
      log.debug(
          "malformed message",
          "peer",
          response.ctx().channel().remoteAddress(),
          "why",
          e.getMessage());
      response.error(ErrorCode.REQUEST_INVALID);
      return;
    }
    if (!(envelope.message() instanceof Message.Request asked)) {
      response.error(ErrorCode.REQUEST_INVALID);
      return;
    }
    finder.receive(
        loop(response),
        envelope.sender(),
        asked,
        reply ->
            response.full(
                HttpResponseStatus.OK,
                HttpHeaderValues.APPLICATION_OCTET_STREAM,
                Unpooled.wrappedBuffer(MessageCodec.encode(self, reply)),
                head -> {}));
  }

  private static EventLoop loop(Response response) {
    return response.ctx().channel().eventLoop();
  }
}
