package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.crd.HostsOnDelete;
import dev.registrymirror.operator.crd.MirrorStatus;
import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.AgentPod;
import dev.registrymirror.operator.nodes.Agents;
import dev.registrymirror.operator.nodes.NodeFacts;
import dev.registrymirror.operator.nodes.RosterPace;
import dev.registrymirror.operator.resources.Labels;
import dev.registrymirror.operator.resources.ServiceMonitor;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.FieldSelectorBuilder;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.ErrorStatusUpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.rate.RateLimited;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.TransformingItemStore;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * THE flow of the operator, in this order: observe ({@link Observer}), judge ({@link Obstacle}),
 * act ({@link Rollout}), say what is so ({@link StatusReport}). On deletion {@link Removal}.
 *
 * <p>It runs where something changes that a RegistryMirror has to do with, but not more often than
 * twice a second, and every {@link Pace#look}, as what agents say of themselves brings no event.
 */
@RateLimited(maxReconciliations = 2, within = 1, unit = TimeUnit.SECONDS)
@ControllerConfiguration(name = "registry-mirror", fieldManager = Applier.FIELD_MANAGER)
public final class RegistryMirrorReconciler
    implements Reconciler<RegistryMirror>, Cleaner<RegistryMirror> {

  /**
   * How often it looks where nothing wakes it.
   *
   * @param look a bypass is to be in the status within 60 s: half of that, as an agent needs some
   *     seconds itself
   * @param lookAgain where agents that are ready have not said anything yet
   * @param fresh what agents said is not asked for again so soon: a rollout brings an event from
   *     each of them
   */
  public record Pace(Duration look, Duration lookAgain, Duration fresh) {
    public static final Pace DEFAULT =
        new Pace(Duration.ofSeconds(30), Duration.ofSeconds(5), Duration.ofSeconds(10));
  }

  /** Nodes and pods of one answer: thousands at once, with all that is in them, take memory. */
  private static final long PAGE = 25;

  private final String agentImage;
  private final Clock clock;
  private final Pace pace;
  private final Observer observer;
  private final ConditionEvents events = new ConditionEvents();
  private final Map<ResourceID, RosterPace> rosters = new ConcurrentHashMap<>();

  /**
   * @param agentImage of agents whose RegistryMirror names none
   */
  public RegistryMirrorReconciler(String agentImage, Agents agents, Clock clock, Pace pace) {
    this.agentImage = agentImage;
    this.clock = clock;
    this.pace = pace;
    this.observer = new Observer(agents, clock, pace.fresh());
  }

  @Override
  public UpdateControl<RegistryMirror> reconcile(
      RegistryMirror mirror, Context<RegistryMirror> context) {
    if (mirror.getSpec().suspend()) {
      return UpdateControl.noUpdate();
    }
    Instant now = clock.instant();
    Observed observed = observer.observe(mirror, context);
    Optional<Obstacle> obstacle = Obstacle.find(observed);
    Optional<Duration> wait = Optional.empty();
    if (obstacle.isEmpty()) {
      RosterPace roster =
          rosters.computeIfAbsent(ResourceID.fromResource(mirror), id -> new RosterPace());
      try {
        wait = new Rollout(observed, context.getClient(), now).run(roster, agentImage);
      } catch (KubernetesClientException e) {
        obstacle = Optional.of(Obstacle.refused(e));
      }
    }
    Optional<String> forbidden =
        obstacle.isEmpty() && observed.pods().isEmpty()
            ? FailedPods.reason(mirror, context)
            : Optional.empty();
    MirrorStatus status = new StatusReport(observed, obstacle, forbidden, now).status();
    if (!status.equals(mirror.getStatus())) {
      events.tell(mirror, status, context.getClient());
      patchStatus(mirror, status, context);
    }
    Duration look = observed.silent().isEmpty() ? pace.look() : pace.lookAgain();
    return UpdateControl.<RegistryMirror>noUpdate()
        .rescheduleAfter(wait.filter(soon -> soon.compareTo(look) < 0).orElse(look));
  }

  /** Also into the cache: else the next look, an instant later, would not know of it. */
  static void patchStatus(
      RegistryMirror mirror, MirrorStatus status, Context<RegistryMirror> context) {
    // Server-side apply: whatever else is in it would become the operator's.
    RegistryMirror patch = new RegistryMirror();
    patch.getMetadata().setName(mirror.getMetadata().getName());
    patch.getMetadata().setNamespace(mirror.getMetadata().getNamespace());
    patch.setStatus(status);
    PrimaryUpdateAndCacheUtils.ssaPatchStatusAndCacheResource(mirror, patch, context);
  }

  @Override
  public DeleteControl cleanup(RegistryMirror mirror, Context<RegistryMirror> context) {
    if (isEnding(mirror.getMetadata().getNamespace(), context)) {
      return letGo(mirror, context);
    }
    Observed observed = observer.observe(mirror, context);
    Optional<Duration> again =
        new Removal(observed, context, clock.instant(), events).step(agentImage);
    if (again.isPresent()) {
      return DeleteControl.noFinalizerRemoval().rescheduleAfter(again.get().toMillis());
    }
    return forget(mirror);
  }

  private DeleteControl forget(RegistryMirror mirror) {
    rosters.remove(ResourceID.fromResource(mirror));
    observer.forget(mirror);
    return DeleteControl.defaultDelete();
  }

  private static boolean isEnding(String namespace, Context<RegistryMirror> context) {
    return Optional.ofNullable(context.getClient().namespaces().withName(namespace).get())
        .filter(found -> found.getMetadata().getDeletionTimestamp() != null)
        .isPresent();
  }

  /**
   * In a namespace that ends no pod can be created any more, and the operator's role there goes at
   * any moment. All that was made goes with the namespace.
   */
  private DeleteControl letGo(RegistryMirror mirror, Context<RegistryMirror> context) {
    if (mirror.getSpec().onDelete().hosts() == HostsOnDelete.Restore) {
      events.warn(
          mirror,
          "HostsNotRestored",
          "the namespace is being deleted, in which no agent can restore its node: delete the"
              + " RegistryMirror first. containerd passes over a mirror that is no more; to restore"
              + " a node run mirror-agent cleanup on it",
          context.getClient());
    }
    return forget(mirror);
  }

  /** What goes wrong beyond what is foreseen is tried again, ever later; it is in the log. */
  @Override
  public ErrorStatusUpdateControl<RegistryMirror> updateErrorStatus(
      RegistryMirror mirror, Context<RegistryMirror> context, Exception failure) {
    return ErrorStatusUpdateControl.noStatusUpdate();
  }

  // What wakes it

  @Override
  public List<EventSource<?, RegistryMirror>> prepareEventSources(
      EventSourceContext<RegistryMirror> context) {
    return List.of(
        nodes(context),
        agentPods(context),
        made(DaemonSet.class, context),
        made(ConfigMap.class, context),
        made(Service.class, context),
        definitions(context));
  }

  private static EventSource<?, RegistryMirror> nodes(EventSourceContext<RegistryMirror> context) {
    return new InformerEventSource<>(
        InformerEventSourceConfiguration.from(Node.class, RegistryMirror.class)
            .withWatchAllNamespaces()
            .withItemStore(new TransformingItemStore<>(NodeFacts::strip))
            .withInformerListLimit(PAGE)
            .withSecondaryToPrimaryMapper(node -> everyMirror(context))
            // A Node changes every few seconds, mostly in what is of no interest here.
            .withOnUpdateFilter((newer, older) -> !NodeFacts.of(newer).equals(NodeFacts.of(older)))
            .build(),
        context);
  }

  private static EventSource<?, RegistryMirror> agentPods(
      EventSourceContext<RegistryMirror> context) {
    return new InformerEventSource<>(
        InformerEventSourceConfiguration.from(Pod.class, RegistryMirror.class)
            .withNamespacesInheritedFromController()
            .withLabelSelector(Labels.SELECTOR + "," + Labels.COMPONENT + "=agent")
            .withItemStore(new TransformingItemStore<>(AgentPod::strip))
            .withInformerListLimit(PAGE)
            .withSecondaryToPrimaryMapper(RegistryMirrorReconciler::mirrorOf)
            .build(),
        context);
  }

  private static <T extends HasMetadata> EventSource<?, RegistryMirror> made(
      Class<T> type, EventSourceContext<RegistryMirror> context) {
    return new InformerEventSource<>(
        InformerEventSourceConfiguration.from(type, RegistryMirror.class)
            .withNamespacesInheritedFromController()
            .withLabelSelector(Labels.SELECTOR)
            .withSecondaryToPrimaryMapper(RegistryMirrorReconciler::mirrorOf)
            .build(),
        context);
  }

  /** So that a ServiceMonitor is made once there can be one. */
  private static EventSource<?, RegistryMirror> definitions(
      EventSourceContext<RegistryMirror> context) {
    return new InformerEventSource<>(
        InformerEventSourceConfiguration.from(CustomResourceDefinition.class, RegistryMirror.class)
            .withWatchAllNamespaces()
            .withFieldSelector(
                new FieldSelectorBuilder().withField("metadata.name", ServiceMonitor.CRD).build())
            .withSecondaryToPrimaryMapper(definition -> everyMirror(context))
            .build(),
        context);
  }

  private static Set<ResourceID> everyMirror(EventSourceContext<RegistryMirror> context) {
    return context
        .getPrimaryCache()
        .list()
        .map(ResourceID::fromResource)
        .collect(Collectors.toSet());
  }

  // By label rather than by owner: what restores the nodes has none.
  private static Set<ResourceID> mirrorOf(HasMetadata made) {
    String name = made.getMetadata().getLabels().get(Labels.NAME);
    return name == null
        ? Set.of()
        : Set.of(new ResourceID(name, made.getMetadata().getNamespace()));
  }
}
