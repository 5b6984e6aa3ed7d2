package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.nodes.AgentPod;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.util.Collection;

/**
 * Remembers in which modes agents were ready on which node: {@code n1 cleanup}.
 *
 * @param seen filled, from another thread
 */
record ModesSeen(Collection<String> seen) implements Watcher<Pod> {

  @Override
  public void eventReceived(Action action, Pod pod) {
    AgentPod agent = AgentPod.of(pod);
    if (agent.ready()) {
      seen.add(agent.node() + " " + (agent.cleaning() ? AgentPod.CLEANING : AgentPod.SERVING));
    }
  }

  @Override
  public void onClose(WatcherException cause) {}
}
