package dev.registrymirror.agent.peers;

/** Why a peer did not give what it was asked for. */
public enum FetchFailure {
  /** It answered that it does not hold the blob. */
  NOT_HELD,
  /** It refused the connection, or accepted none within its bound. */
  UNREACHABLE,
  /** It sent no first byte, or none in the middle of a stream, within the bound. */
  STALLED,
  /** It closed early, or answered what the protocol does not know. */
  BROKEN,
  /**
   * This node's own bound: as many exchanges with it are under way as one agent takes on, or no
   * socket is left.
   */
  BUSY
}
