package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import io.netty.channel.EventLoop;

/**
 * What containerd asks for by digest.
 *
 * @param repository in which it asks; one pull's requests share it
 * @param kind manifest or blob
 * @param headOnly for size and type alone
 * @param afterUpstream whether upstream has just failed for it
 * @param takes whether this node's store takes what is sent: whether it is containerd that asks
 * @param queues whether containerd queues anew for each host that it asks (releases from 2.1 on):
 *     see {@link Slots}
 * @param loop on which everything of this request happens
 */
public record Request(
    Repository repository,
    Kind kind,
    Digest digest,
    ByteRange range,
    boolean headOnly,
    boolean afterUpstream,
    boolean takes,
    boolean queues,
    EventLoop loop) {

  /** Whether this node's store will hold the blob if all of it is sent and right. */
  boolean isWholeForStore() {
    return takes && range.isAll() && !headOnly;
  }

  /**
   * Whether it may be answered from a download under way, or be one that others follow: whether
   * what is sent ends in this node's store.
   */
  boolean mayFly() {
    return takes && !headOnly;
  }
}
