package dev.registrymirror.agent.homes;

/** Why a provider did not give what a home said it holds. */
public enum Failure {
  /** It answered that it does not hold the digest: left out for that digest for a while. */
  NOT_HELD,
  /** It could not be connected to, or sent no first byte: comes last, and its breaker opens. */
  UNREACHABLE,
  /** It stopped in the middle of a stream: comes last for that digest. */
  STALLED,
  /** Its bytes did not have the digest: banned for that digest until it has withdrawn it. */
  CORRUPT
}
