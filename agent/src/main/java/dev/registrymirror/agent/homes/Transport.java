package dev.registrymirror.agent.homes;

/** How {@link Homes} asks another agent. Called on the thread that {@link Homes} is confined to. */
public interface Transport {

  /**
   * Sends {@code request} and returns at once. The outcome is told to {@code outcome} on the same
   * thread, after this method has returned, at most once; what comes after {@code withinMillis} is
   * of no use, so the connection may be given up then. Nothing is sent twice by the transport.
   */
  void send(Peer to, Message.Request request, long withinMillis, Outcome outcome);

  /**
   * What became of a request. An outcome that is never told counts as failed when its time ends.
   */
  interface Outcome {
    void answered(Message.Reply reply);

    /** Refused, reset, not decodable, or out of time. */
    void failed();
  }
}
