package dev.registrymirror.operator.reconcile;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Conditions as they are found now; those whose status is what it was keep their time. */
final class Conditions {

  static final String READY = "Ready";
  static final String PROGRESSING = "Progressing";
  static final String NODES_CONFIGURED = "NodesConfigured";
  static final String SHARING = "Sharing";
  static final String MONITORED = "Monitored";
  static final String CONFLICT = "Conflict";

  /** What a condition's message may hold (Kubernetes: 32,768 characters), and a person reads. */
  private static final int MAX_MESSAGE = 1024;

  private final List<Condition> before;
  private final long generation;
  private final Instant now;
  private final List<Condition> conditions = new ArrayList<>();

  Conditions(List<Condition> before, long generation, Instant now) {
    this.before = before;
    this.generation = generation;
    this.now = now;
  }

  /**
   * Adds one.
   *
   * @param status null where it cannot be known
   */
  void add(String type, Boolean status, String reason, String message) {
    String text = status == null ? "Unknown" : status ? "True" : "False";
    String since =
        find(before, type)
            .filter(old -> text.equals(old.getStatus()))
            .map(Condition::getLastTransitionTime)
            .orElse(now.truncatedTo(ChronoUnit.SECONDS).toString());
    conditions.add(
        new ConditionBuilder()
            .withType(type)
            .withStatus(text)
            .withReason(reason)
            .withMessage(
                message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) : message)
            .withObservedGeneration(generation)
            .withLastTransitionTime(since)
            .build());
  }

  /** All that were added, in their order. */
  List<Condition> list() {
    return List.copyOf(conditions);
  }

  static Optional<Condition> find(List<Condition> conditions, String type) {
    return conditions.stream().filter(condition -> condition.getType().equals(type)).findFirst();
  }
}
