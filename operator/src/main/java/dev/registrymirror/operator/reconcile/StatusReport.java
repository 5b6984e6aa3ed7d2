package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.crd.MirrorStatus;
import dev.registrymirror.operator.crd.MirrorStatus.NodeProblem;
import dev.registrymirror.operator.crd.MirrorStatus.PlatformNodes;
import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.AgentPod;
import dev.registrymirror.operator.nodes.AgentReport;
import dev.registrymirror.operator.nodes.NodeFacts;
import dev.registrymirror.operator.nodes.Platform;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSetStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Sums up what there is, node by node, into a RegistryMirror's status. */
final class StatusReport {

  /** Nodes named in status and in messages. */
  static final int NAMED = 10;

  /** A node that pulled past the mirror is told of so long after. */
  static final Duration LATELY = Duration.ofHours(1);

  private final Observed observed;
  private final RegistryMirror mirror;
  private final Optional<Obstacle> obstacle;
  private final Optional<String> forbidden;
  private final List<Condition> before;
  private final boolean wasDeployed;
  private final Instant now;
  private final Conditions conditions;
  private final Map<String, AgentPod> podsByNode;

  /** The nodes whose agent is ready. */
  private final List<NodeFacts> ready;

  /**
   * @param obstacle why nothing was made
   * @param forbidden why pods are not created, as the API server says; empty where they are
   */
  StatusReport(
      Observed observed, Optional<Obstacle> obstacle, Optional<String> forbidden, Instant now) {
    this.observed = observed;
    this.mirror = observed.mirror();
    this.obstacle = obstacle;
    this.forbidden = forbidden;
    Optional<MirrorStatus> status = Optional.ofNullable(mirror.getStatus());
    this.before = status.map(MirrorStatus::conditions).orElse(List.of());
    this.wasDeployed = status.map(MirrorStatus::deployed).orElse(false);
    this.now = now;
    this.conditions = new Conditions(before, mirror.getMetadata().getGeneration(), now);
    this.podsByNode =
        observed.pods().stream()
            .filter(pod -> !pod.node().isEmpty())
            .collect(Collectors.toMap(AgentPod::node, Function.identity(), StatusReport::better));
    this.ready =
        observed.nodes().stream()
            .filter(
                node -> podsByNode.containsKey(node.name()) && podsByNode.get(node.name()).ready())
            .toList();
  }

  // While agents are replaced a node has two.
  private static AgentPod better(AgentPod one, AgentPod other) {
    return one.ready() ? one : other;
  }

  MirrorStatus status() {
    List<NodeProblem> problems = problems();
    ready(problems);
    progressing();
    nodesConfigured();
    sharing();
    monitored();
    conflict();
    return new MirrorStatus(
        mirror.getMetadata().getGeneration(),
        conditions.list(),
        ready.size() + "/" + observed.nodes().size(),
        bypassed().size(),
        hitRatio(),
        wasDeployed || obstacle.isEmpty(),
        platforms(),
        problems.stream().limit(NAMED).toList());
  }

  private void ready(List<NodeProblem> problems) {
    if (obstacle.isPresent()) {
      ready(false, obstacle.get().reason(), obstacle.get().message());
      return;
    }
    int nodes = observed.nodes().size();
    if (forbidden.isPresent()) {
      ready(false, "PodsForbidden", forbidden.get());
    } else if (!isRolledOut()) {
      Optional<NodeProblem> worst =
          problems.stream().filter(problem -> problem.reason().equals(NOT_RUNNING)).findFirst();
      ready(
          false,
          worst.isPresent() ? "AgentsFail" : "RollingOut",
          "%d of %d agents are ready%s"
              .formatted(
                  ready.size(),
                  nodes,
                  worst.map(one -> "; on " + one.node() + ": " + one.message()).orElse("")));
    } else if (ready.size() < nodes) {
      Set<NodeFacts> missing = new HashSet<>(observed.nodes());
      ready.forEach(missing::remove);
      ready(
          false,
          "AgentsNotReady",
          "%d of %d agents are ready; not on %s".formatted(ready.size(), nodes, names(missing)));
    } else {
      ready(true, "AllReady", "all %d agents are ready".formatted(nodes));
    }
  }

  private void ready(boolean status, String reason, String message) {
    conditions.add(Conditions.READY, status, reason, message);
  }

  /** Counts that are absent are no readiness, nor are those of an older generation. */
  private boolean isRolledOut() {
    return observed
        .daemonSet()
        .filter(
            daemonSet ->
                Objects.equals(
                    daemonSet.getMetadata().getGeneration(),
                    daemonSet.getStatus() == null
                        ? null
                        : daemonSet.getStatus().getObservedGeneration()))
        .map(DaemonSet::getStatus)
        .filter(
            status ->
                number(status.getDesiredNumberScheduled()) > 0
                    && number(status.getUpdatedNumberScheduled())
                        == number(status.getDesiredNumberScheduled())
                    && number(status.getNumberReady())
                        == number(status.getDesiredNumberScheduled()))
        .isPresent();
  }

  private static int number(Integer count) {
    return count == null ? 0 : count;
  }

  private void progressing() {
    if (obstacle.isPresent()) {
      conditions.add(Conditions.PROGRESSING, false, obstacle.get().reason(), "nothing is changed");
    } else if (isRolledOut()) {
      conditions.add(Conditions.PROGRESSING, false, "RolledOut", "every agent is of this spec");
    } else {
      DaemonSetStatus status = observed.daemonSet().map(DaemonSet::getStatus).orElse(null);
      conditions.add(
          Conditions.PROGRESSING,
          true,
          "RollingOut",
          status == null
              ? "agents are being deployed"
              : "%d of %d agents are of this spec"
                  .formatted(
                      number(status.getUpdatedNumberScheduled()),
                      number(status.getDesiredNumberScheduled())));
    }
  }

  private void nodesConfigured() {
    List<String> silent =
        ready.stream()
            .map(NodeFacts::name)
            .filter(node -> !observed.reports().containsKey(node))
            .toList();
    List<String> not =
        observed.reports().entrySet().stream()
            .filter(entry -> Boolean.FALSE.equals(entry.getValue().mirrored()))
            .map(Map.Entry::getKey)
            .sorted()
            .toList();
    if (!not.isEmpty()) {
      conditions.add(
          Conditions.NODES_CONFIGURED,
          false,
          "HostsMissing",
          "containerd's hosts directory does not hold the mirror on %s: what rewrites it there? See status.worstNodes"
              .formatted(join(not)));
    } else if (ready.isEmpty()) {
      conditions.add(
          Conditions.NODES_CONFIGURED, false, "NoAgents", "no agent is ready that would say it");
    } else if (!silent.isEmpty()) {
      conditions.add(
          Conditions.NODES_CONFIGURED,
          null,
          "AgentsUnreachable",
          "agents on %s are ready, but do not answer the operator on port %d: let it reach them through firewalls and network policies"
              .formatted(join(silent), mirror.getSpec().ports().metrics()));
    } else {
      conditions.add(
          Conditions.NODES_CONFIGURED,
          ready.size() == observed.nodes().size(),
          ready.size() == observed.nodes().size() ? "AllConfigured" : "AgentsNotReady",
          "containerd asks the mirror first on %d of %d nodes"
              .formatted(ready.size(), observed.nodes().size()));
    }
  }

  private void sharing() {
    boolean isShared =
        observed.reports().values().stream().anyMatch(report -> report.served().blobs() > 0);
    boolean was =
        Conditions.find(before, Conditions.SHARING)
            .filter(found -> found.getStatus().equals("True"))
            .filter(
                found ->
                    Objects.equals(
                        found.getObservedGeneration(), mirror.getMetadata().getGeneration()))
            .isPresent();
    if (isShared || was) {
      conditions.add(
          Conditions.SHARING,
          true,
          "Served",
          "nodes have had blobs from each other since the last change");
    } else if (!bypassed().isEmpty()) {
      conditions.add(
          Conditions.SHARING,
          false,
          "Bypassed",
          "%d nodes pulled past the mirror, and none had anything from another: see status.worstNodes"
              .formatted(bypassed().size()));
    } else {
      conditions.add(
          Conditions.SHARING,
          null,
          "NothingYet",
          "no node has had a blob from another since the last change: pull an image on a second"
              + " node");
    }
  }

  private void monitored() {
    if (!mirror.getSpec().monitoring().serviceMonitor().enabled()) {
      conditions.add(
          Conditions.MONITORED, false, "Disabled", "monitoring.serviceMonitor.enabled is false");
    } else if (!observed.serviceMonitors()) {
      conditions.add(
          Conditions.MONITORED,
          false,
          "NoServiceMonitor",
          "this cluster does not know ServiceMonitor: it is made as soon as Prometheus Operator's"
              + " definitions are here");
    } else if (obstacle.isPresent()) {
      conditions.add(
          Conditions.MONITORED, false, obstacle.get().reason(), "there is nothing to be watched");
    } else {
      conditions.add(Conditions.MONITORED, true, "Made", "Prometheus is told of the agents");
    }
  }

  private void conflict() {
    boolean isConflict =
        obstacle.filter(found -> found.reason().equals(Obstacle.CONFLICT)).isPresent();
    conditions.add(
        Conditions.CONFLICT,
        isConflict,
        isConflict ? "OlderMirror" : "None",
        isConflict ? obstacle.get().message() : "no older RegistryMirror takes nodes of this one");
  }

  private List<String> bypassed() {
    return observed.reports().entrySet().stream()
        .filter(entry -> lately(entry.getValue()).isPresent())
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  private Optional<AgentReport.Bypassed> lately(AgentReport report) {
    return report.bypassed().stream()
        .filter(bypassed -> isLately(bypassed.last()))
        .max(Comparator.comparingLong(AgentReport.Bypassed::images));
  }

  private boolean isLately(String time) {
    try {
      return Instant.parse(time).isAfter(now.minus(LATELY));
    } catch (DateTimeParseException e) {
      // An agent of another release: rather told of once too often.
      return true;
    }
  }

  private String hitRatio() {
    long hits = requests("local") + requests("peer") + requests("flight");
    long all = hits + requests("upstream");
    return all == 0 ? null : hits * 100 / all + "%";
  }

  private long requests(String result) {
    return observed.reports().values().stream()
        .mapToLong(report -> report.requests().getOrDefault(result, 0L))
        .sum();
  }

  private List<PlatformNodes> platforms() {
    Set<NodeFacts> isReady = new HashSet<>(ready);
    return observed.selected().stream()
        .collect(Collectors.groupingBy(Platform::of))
        .entrySet()
        .stream()
        .sorted(Map.Entry.comparingByKey())
        .map(
            entry ->
                new PlatformNodes(
                    entry.getKey().toString(),
                    entry.getValue().size(),
                    (int) entry.getValue().stream().filter(isReady::contains).count(),
                    entry.getKey().isSupported()))
        .toList();
  }

  private static final String NOT_RUNNING = "AgentFails";

  /**
   * Worst first: an agent that fails, a mirror that is passed by, what an agent found, the rest.
   */
  private List<NodeProblem> problems() {
    List<NodeProblem> failing = new ArrayList<>();
    List<NodeProblem> passedBy = new ArrayList<>();
    List<NodeProblem> found = new ArrayList<>();
    for (NodeFacts node : observed.nodes()) {
      AgentPod pod = podsByNode.get(node.name());
      AgentReport report = observed.reports().get(node.name());
      if (pod != null && !pod.obstacle().isEmpty()) {
        failing.add(new NodeProblem(node.name(), NOT_RUNNING, pod.obstacle()));
      } else if (report != null && lately(report).isPresent()) {
        AgentReport.Bypassed bypassed = lately(report).get();
        passedBy.add(
            new NodeProblem(
                node.name(),
                "Bypassed",
                "%d images of %s were pulled past the mirror: %s"
                    .formatted(bypassed.images(), bypassed.registry(), bypassed.reason())));
      } else if (report != null && !report.problems().isEmpty()) {
        AgentReport.Problem problem = report.problems().getFirst();
        found.add(new NodeProblem(node.name(), problem.reason(), problem.detail()));
      } else if (!node.ready()) {
        found.add(new NodeProblem(node.name(), "NodeNotReady", "kubelet does not report"));
      }
    }
    for (NodeFacts node : observed.unsupported()) {
      found.add(new NodeProblem(node.name(), "Unsupported", Platform.of(node).obstacle()));
    }
    Comparator<NodeProblem> byName = Comparator.comparing(NodeProblem::node);
    failing.sort(byName);
    passedBy.sort(byName);
    found.sort(byName);
    failing.addAll(passedBy);
    failing.addAll(found);
    return failing;
  }

  private static String names(Collection<NodeFacts> nodes) {
    return join(nodes.stream().map(NodeFacts::name).sorted().toList());
  }

  private static String join(List<String> names) {
    String some = String.join(", ", names.subList(0, Math.min(NAMED, names.size())));
    return names.size() > NAMED ? some + " and " + (names.size() - NAMED) + " more" : some;
  }
}
