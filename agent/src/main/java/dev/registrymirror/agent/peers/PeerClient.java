package dev.registrymirror.agent.peers;

import dev.registrymirror.agent.bounds.Bandwidth;
import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.homes.Message;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.homes.Transport;
import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.oci.Digest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.concurrent.EventExecutor;
import java.util.HashMap;
import java.util.Map;

/**
 * Asks other agents: for blobs of their stores and, as a home, for who holds what. Each call stays
 * on the event loop that it names, and its callbacks come on it.
 */
public final class PeerClient {

  private final Peer self;
  private final Map<EventExecutor, PeerConnections> connections = new HashMap<>();

  /**
   * @param self how this agent names itself in its messages
   * @param group the loops that calls may name
   */
  public PeerClient(
      Peer self,
      EventLoopGroup group,
      Class<? extends Channel> socket,
      Deadlines deadlines,
      Bandwidth download,
      PeerTls tls) {
    this.self = self;
    for (EventExecutor loop : group) {
      connections.put(
          loop, new PeerConnections((EventLoop) loop, socket, deadlines, download, tls));
    }
  }

  /**
   * Fetches a blob, or a range of it.
   *
   * @param path one of {@link Paths}' for blobs and manifests
   * @param quiet without a byte, before the first one and then in the middle
   * @param headOnly for its size and type alone
   */
  public BlobFetch fetch(
      EventLoop loop,
      Peer peer,
      String path,
      Digest digest,
      ByteRange range,
      boolean headOnly,
      BlobFetch.Patience quiet,
      BlobFetch.Receiver receiver) {
    PeerConnections over = connections.get(loop);
    BlobFetch fetch = new BlobFetch(over, headOnly, quiet, receiver);
    FullHttpRequest request =
        request(
            peer,
            headOnly ? HttpMethod.HEAD : HttpMethod.GET,
            path + digest,
            Unpooled.EMPTY_BUFFER);
    if (!range.isAll()) {
      request.headers().set(HttpHeaderNames.RANGE, range.toString());
    }
    over.send(peer, request, fetch);
    return fetch;
  }

  /** Tells a peer that its copy of a blob is suspect. Nobody waits for what comes of it. */
  public void suspect(EventLoop loop, Peer peer, Digest digest) {
    post(loop, peer, Paths.SUSPECTS + digest, Unpooled.EMPTY_BUFFER, NOBODY, 1_000);
  }

  /** Sends a message to a peer, as {@link Transport#send} says. */
  public void send(
      EventLoop loop,
      Peer to,
      Message.Request message,
      long withinMillis,
      Transport.Outcome outcome) {
    ByteBuf body = Unpooled.wrappedBuffer(MessageCodec.encode(self, message));
    post(loop, to, Paths.MESSAGES, body, outcome, withinMillis);
  }

  private void post(
      EventLoop loop,
      Peer to,
      String path,
      ByteBuf body,
      Transport.Outcome outcome,
      long withinMillis) {
    PeerConnections over = connections.get(loop);
    FullHttpRequest request = request(to, HttpMethod.POST, path, body);
    HttpUtil.setContentLength(request, body.readableBytes());
    over.send(to, request, new MessageExchange(over, withinMillis, outcome));
  }

  private static FullHttpRequest request(Peer peer, HttpMethod method, String path, ByteBuf body) {
    FullHttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, method, path, body);
    request.headers().set(HttpHeaderNames.HOST, peer.address());
    return request;
  }

  private static final Transport.Outcome NOBODY =
      new Transport.Outcome() {
        @Override
        public void answered(Message.Reply reply) {}

        @Override
        public void failed() {}
      };
}
