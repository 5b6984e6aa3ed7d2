package dev.registrymirror.agent.peers;

import dev.registrymirror.agent.homes.Message;
import dev.registrymirror.agent.homes.Peer;
import java.io.IOException;

/** {@link Message}s as bytes: {@code registrymirror.peer.v1} in {@code peer.proto}. */
public final class MessageCodec {

  /** No message is longer, in bytes; {@link #decode} refuses what is. */
  public static final int MAX_BYTES = 2 << 20;

  private MessageCodec() {}

  /** What was received: who says it, by its own words, and what. */
  public record Envelope(Peer sender, Message message) {}

  /** Bytes that are no message. */
  public static final class MalformedMessageException extends IOException {
    private static final long serialVersionUID = 1L;

    public MalformedMessageException(String what, Throwable cause) {
      super(what, cause);
    }
  }

  /** The bytes of {@code message}, said by {@code sender}. */
  public static byte[] encode(Peer sender, Message message) {
    throw new UnsupportedOperationException();
  }

  /**
   * What {@code bytes} say. Fields that this release does not know are passed over; a request that
   * it does not know is {@link Message.Unknown}.
   *
   * @throws MalformedMessageException where they are no message, or one beyond its bounds
   */
  public static Envelope decode(byte[] bytes) throws MalformedMessageException {
    throw new UnsupportedOperationException();
  }
}
