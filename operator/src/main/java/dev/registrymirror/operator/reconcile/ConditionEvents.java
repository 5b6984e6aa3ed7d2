package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.crd.MirrorStatus;
import dev.registrymirror.operator.crd.RegistryMirror;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Events, as {@code kubectl describe} shows them: where a condition changes, not for each look. */
final class ConditionEvents {

  private static final Logger log = LoggerFactory.getLogger(ConditionEvents.class);

  private static final String WARNING = "Warning";
  private static final String NORMAL = "Normal";

  /** What an event's note may hold. */
  private static final int MAX_NOTE = 1024;

  /** Tells what is other in {@code now} than in the status that the mirror has. */
  void tell(RegistryMirror mirror, MirrorStatus now, KubernetesClient client) {
    List<Condition> before =
        Optional.ofNullable(mirror.getStatus()).map(MirrorStatus::conditions).orElse(List.of());
    for (Condition condition : now.conditions()) {
      Optional<Condition> old = Conditions.find(before, condition.getType());
      boolean isSame =
          old.filter(
                  was ->
                      was.getStatus().equals(condition.getStatus())
                          && was.getReason().equals(condition.getReason()))
              .isPresent();
      boolean isNews =
          old.isPresent() || isBad(condition) || condition.getType().equals(Conditions.READY);
      if (!isSame && isNews) {
        record(
            mirror,
            isBad(condition) ? WARNING : NORMAL,
            condition.getReason(),
            condition.getType() + " is " + condition.getStatus() + ": " + condition.getMessage(),
            client);
      }
    }
  }

  private static boolean isBad(Condition condition) {
    return switch (condition.getType()) {
      case Conditions.CONFLICT -> condition.getStatus().equals("True");
      case Conditions.READY ->
          condition.getStatus().equals("False") && !condition.getReason().equals("RollingOut");
      case Conditions.SHARING, Conditions.NODES_CONFIGURED ->
          condition.getStatus().equals("False")
              && !condition.getReason().equals("NoAgents")
              && !condition.getReason().equals("AgentsNotReady");
      default -> false;
    };
  }

  /** Something went as it should not. */
  void warn(RegistryMirror mirror, String reason, String note, KubernetesClient client) {
    record(mirror, WARNING, reason, note, client);
  }

  private void record(
      RegistryMirror mirror, String type, String reason, String note, KubernetesClient client) {
    String namespace = mirror.getMetadata().getNamespace();
    String time = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    log.info("{} {}: {}", mirror.fullName(), reason, note);
    try {
      client
          .v1()
          .events()
          .inNamespace(namespace)
          .resource(
              new EventBuilder()
                  .withNewMetadata()
                  .withGenerateName(mirror.getMetadata().getName() + ".")
                  .withNamespace(namespace)
                  .endMetadata()
                  .withNewInvolvedObject()
                  .withApiVersion(mirror.getApiVersion())
                  .withKind(mirror.getKind())
                  .withName(mirror.getMetadata().getName())
                  .withNamespace(namespace)
                  .withUid(mirror.getMetadata().getUid())
                  .endInvolvedObject()
                  .withType(type)
                  .withReason(reason)
                  .withMessage(note.length() > MAX_NOTE ? note.substring(0, MAX_NOTE) : note)
                  .withNewSource()
                  .withComponent(Applier.FIELD_MANAGER)
                  .endSource()
                  .withFirstTimestamp(time)
                  .withLastTimestamp(time)
                  .withCount(1)
                  .build())
          .create();
    } catch (KubernetesClientException e) {
      // It is in the log and in the conditions; in a namespace that ends none can be made.
      log.warn("no event for {}: {}", mirror.fullName(), e.getMessage());
    }
  }
}
