package dev.registrymirror.agent.peers;

import io.netty.channel.socket.SocketChannel;

/** How connections between agents are secured. */
public interface PeerTls {

  /** For networks that are encrypted already: blobs then go by sendfile. */
  PeerTls NONE =
      new PeerTls() {
        @Override
        public void client(SocketChannel channel) {}

        @Override
        public void server(SocketChannel channel) {}
      };

  /** Prepares a connection to a peer. */
  void client(SocketChannel channel);

  /** Prepares a connection from a peer. */
  void server(SocketChannel channel);
}
