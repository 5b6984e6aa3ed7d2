package dev.registrymirror.agent.peers;

import dev.registrymirror.agent.homes.Message;
import dev.registrymirror.agent.homes.Transport;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.concurrent.Future;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** One message to a peer and its reply. */
final class MessageExchange implements Exchange {

  private final Transport.Outcome outcome;
  private final Future<?> deadline;
  private final ByteArrayOutputStream body = new ByteArrayOutputStream(256);

  private PeerConnection connection;
  private boolean ok;
  private boolean ended;

  MessageExchange(PeerConnections connections, long withinMillis, Transport.Outcome outcome) {
    this.outcome = outcome;
    this.deadline = connections.loop().schedule(this::giveUp, withinMillis, TimeUnit.MILLISECONDS);
  }

  private void giveUp() {
    PeerConnection used = connection;
    failed(FetchFailure.STALLED);
    if (used != null) {
      used.abandon(this);
    }
  }

  @Override
  public void sent(PeerConnection over) {
    if (ended) {
      over.abandon(this);
      return;
    }
    connection = over;
  }

  @Override
  public void response(HttpResponse head) {
    ok = head.status().equals(HttpResponseStatus.OK);
  }

  @Override
  public void content(ByteBuf bytes) {
    try {
      if (ok && body.size() + bytes.readableBytes() <= MessageCodec.MAX_BYTES) {
        bytes.readBytes(body, bytes.readableBytes());
      } else {
        ok = false;
      }
    } catch (IOException e) {
      throw new AssertionError("memory does not fail", e);
    } finally {
      bytes.release();
    }
  }

  @Override
  public void complete() {
    if (ended) {
      return;
    }
    try {
      if (ok && MessageCodec.decode(body.toByteArray()).message() instanceof Message.Reply reply) {
        end();
        outcome.answered(reply);
        return;
      }
    } catch (MessageCodec.MalformedMessageException e) {
      // Falls through: a peer that answers garbage has not answered.
    }
    failed(FetchFailure.BROKEN);
  }

  @Override
  public void failed(FetchFailure why) {
    if (!ended) {
      end();
      outcome.failed();
    }
  }

  private void end() {
    ended = true;
    connection = null;
    deadline.cancel(false);
  }

  @Override
  public boolean ready() {
    return true;
  }
}
