package dev.registrymirror.agent.homes;

/**
 * Why a follower leaves its parent.
 *
 * @param unreachable whether the parent did not answer at all, rather than that its download made
 *     no progress
 * @param quietMillis for how long nothing has come; what the home has arranged since is not what is
 *     complained of
 */
public record Complaint(Peer parent, boolean unreachable, long quietMillis) {}
