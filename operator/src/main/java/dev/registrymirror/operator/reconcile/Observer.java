package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.AgentPod;
import dev.registrymirror.operator.nodes.AgentReport;
import dev.registrymirror.operator.nodes.Agents;
import dev.registrymirror.operator.nodes.NodeFacts;
import dev.registrymirror.operator.nodes.Selection;
import dev.registrymirror.operator.resources.Names;
import dev.registrymirror.operator.resources.ServiceMonitor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Looks at what there is: from caches, but for what the agents say themselves. */
final class Observer {

  private static final Comparator<RegistryMirror> OLDEST_FIRST =
      Comparator.<RegistryMirror, String>comparing(
              mirror -> mirror.getMetadata().getCreationTimestamp())
          .thenComparing(mirror -> mirror.getMetadata().getUid());

  private final Agents agents;
  private final Clock clock;
  private final Duration fresh;
  private final Map<ResourceID, Said> said = new ConcurrentHashMap<>();

  private record Said(Instant when, Map<String, AgentReport> reports) {}

  Observer(Agents agents, Clock clock, Duration fresh) {
    this.agents = agents;
    this.clock = clock;
    this.fresh = fresh;
  }

  Observed observe(RegistryMirror mirror, Context<RegistryMirror> context) {
    List<NodeFacts> all = all(Node.class, context).map(NodeFacts::of).toList();
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
        all(CustomResourceDefinition.class, context)
            .anyMatch(crd -> crd.getMetadata().getName().equals(ServiceMonitor.CRD)));
  }

  /** What no RegistryMirror has to itself: the framework knows it of those there were before it. */
  private static <T extends HasMetadata> Stream<T> all(
      Class<T> type, Context<RegistryMirror> context) {
    return ((InformerEventSource<T, RegistryMirror>)
            context.eventSourceRetriever().getEventSourceFor(type))
        .list();
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
    Instant now = clock.instant();
    Said before = said.get(id);
    boolean isFresh = before != null && now.isBefore(before.when().plus(fresh));
    Map<String, AgentReport> reports = new HashMap<>(isFresh ? before.reports() : Map.of());
    int port = mirror.getSpec().ports().metrics();
    reports.putAll(
        agents.ask(
            pods.stream()
                .filter(pod -> pod.ready() && !pod.ip().isEmpty())
                .filter(pod -> !reports.containsKey(pod.node()))
                .map(pod -> new Agents.Address(pod.node(), pod.ip(), port))
                .toList()));
    reports.keySet().retainAll(pods.stream().map(AgentPod::node).collect(Collectors.toSet()));
    said.put(id, new Said(isFresh ? before.when() : now, Map.copyOf(reports)));
    return reports;
  }

  void forget(RegistryMirror mirror) {
    said.remove(ResourceID.fromResource(mirror));
  }
}
