package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.AgentPod;
import dev.registrymirror.operator.nodes.AgentReport;
import dev.registrymirror.operator.nodes.Agents;
import dev.registrymirror.operator.nodes.NodeFacts;
import dev.registrymirror.operator.nodes.Selection;
import dev.registrymirror.operator.resources.Names;
import dev.registrymirror.operator.resources.ServiceMonitor;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/** Looks at what there is: from caches, but for what the agents say themselves. */
final class Observer {

  /**
   * What agents said is not asked for again so soon: a rollout brings an event from each of them.
   */
  static final Duration FRESH = Duration.ofSeconds(10);

  private static final Comparator<RegistryMirror> OLDEST_FIRST =
      Comparator.<RegistryMirror, String>comparing(
              mirror -> mirror.getMetadata().getCreationTimestamp())
          .thenComparing(mirror -> mirror.getMetadata().getUid());

  private final Agents agents;
  private final Clock clock;
  private final Map<ResourceID, Said> said = new ConcurrentHashMap<>();

  private record Said(Instant when, Map<String, AgentReport> reports) {}

  Observer(Agents agents, Clock clock) {
    this.agents = agents;
    this.clock = clock;
  }

  Observed observe(RegistryMirror mirror, Context<RegistryMirror> context) {
    List<NodeFacts> all =
        context.getSecondaryResourcesAsStream(Node.class).map(NodeFacts::of).toList();
    Selection selection = new Selection(mirror.getSpec().agent());
    List<NodeFacts> selected = all.stream().filter(selection).toList();
    List<AgentPod> pods =
        context.getSecondaryResourcesAsStream(Pod.class).map(AgentPod::of).toList();
    return new Observed(
        mirror,
        selected,
        rivals(mirror, selected, context),
        Optional.ofNullable(
            context
                .getClient()
                .resources(DaemonSet.class)
                .inNamespace(mirror.getMetadata().getNamespace())
                .withName(Names.own(mirror))
                .get()),
        pods,
        reports(mirror, pods),
        context
            .getSecondaryResourcesAsStream(CustomResourceDefinition.class)
            .anyMatch(crd -> crd.getMetadata().getName().equals(ServiceMonitor.CRD)));
  }

  private static List<RegistryMirror> rivals(
      RegistryMirror mirror, List<NodeFacts> selected, Context<RegistryMirror> context) {
    return context
        .getPrimaryCache()
        .list()
        .filter(other -> OLDEST_FIRST.compare(other, mirror) < 0)
        .filter(other -> other.getMetadata().getDeletionTimestamp() == null)
        .filter(other -> shares(new Selection(other.getSpec().agent()), selected))
        .sorted(OLDEST_FIRST)
        .toList();
  }

  private static boolean shares(Predicate<NodeFacts> selection, List<NodeFacts> nodes) {
    return nodes.stream().anyMatch(selection);
  }

  private Map<String, AgentReport> reports(RegistryMirror mirror, List<AgentPod> pods) {
    ResourceID id = ResourceID.fromResource(mirror);
    Said before = said.get(id);
    Instant now = clock.instant();
    if (before != null && now.isBefore(before.when().plus(FRESH))) {
      return before.reports();
    }
    int port = mirror.getSpec().ports().metrics();
    Map<String, AgentReport> reports =
        agents.ask(
            pods.stream()
                .filter(pod -> pod.ready() && !pod.ip().isEmpty())
                .map(pod -> new Agents.Address(pod.node(), pod.ip(), port))
                .toList());
    said.put(id, new Said(now, reports));
    return reports;
  }

  void forget(RegistryMirror mirror) {
    said.remove(ResourceID.fromResource(mirror));
  }
}
