package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.crd.RegistryMirror;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes all RegistryMirrors while the operator is still there to restore their nodes. Waits as
 * long as the slowest of them may take by its {@code onDelete.timeout}, and a little longer.
 */
public final class Uninstall {

  private static final Logger log = LoggerFactory.getLogger(Uninstall.class);

  /** For the agents' pods to end after their nodes are restored, or their time is over. */
  static final Duration MORE = Duration.ofMinutes(2);

  private static final Duration LOOK = Duration.ofSeconds(1);

  private final KubernetesClient client;
  private final Set<String> namespaces;

  public Uninstall(KubernetesClient client, Set<String> namespaces) {
    this.client = client;
    this.namespaces = Set.copyOf(namespaces);
  }

  /** Whether all are gone. */
  public boolean run() {
    List<RegistryMirror> mirrors = mirrors();
    Duration longest = Duration.ZERO;
    for (RegistryMirror mirror : mirrors) {
      Duration timeout = Durations.parse(mirror.getSpec().onDelete().timeout());
      longest = timeout.compareTo(longest) > 0 ? timeout : longest;
      log.info("deletes RegistryMirror {}, within {}", mirror.fullName(), timeout);
      client.resource(mirror).delete();
    }
    Instant end = Instant.now().plus(longest).plus(MORE);
    while (!mirrors().isEmpty()) {
      if (Instant.now().isAfter(end)) {
        log.error(
            "still there: {}. Is the operator running? Its log says what it waits for",
            mirrors().stream().map(RegistryMirror::fullName).toList());
        return false;
      }
      pause();
    }
    log.info("{} RegistryMirrors are gone", mirrors.size());
    return true;
  }

  private List<RegistryMirror> mirrors() {
    return namespaces.stream()
        .map(
            namespace ->
                client.resources(RegistryMirror.class).inNamespace(namespace).list().getItems())
        .flatMap(Collection::stream)
        .toList();
  }

  // The end of many is waited for by looking: a watch of each could itself break off.
  private static void pause() {
    try {
      Thread.sleep(LOOK);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
