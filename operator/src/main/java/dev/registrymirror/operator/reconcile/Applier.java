package dev.registrymirror.operator.reconcile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes things as they are wanted, by server-side apply, field by field. */
final class Applier {

  private static final Logger log = LoggerFactory.getLogger(Applier.class);

  /** As what the operator manages fields. */
  static final String FIELD_MANAGER = "registry-mirror-operator";

  private final KubernetesClient client;

  Applier(KubernetesClient client) {
    this.client = client;
  }

  /**
   * Makes or mends it; what others have set beside the operator's fields stays. Where all is as it
   * is wanted the API server changes nothing, and nobody who watches is woken.
   */
  <T extends HasMetadata> void apply(T wanted) {
    T found = client.resource(wanted).get();
    T applied =
        client.resource(wanted).fieldManager(FIELD_MANAGER).forceConflicts().serverSideApply();
    if (found == null
        || !found
            .getMetadata()
            .getResourceVersion()
            .equals(applied.getMetadata().getResourceVersion())) {
      log.info(
          "{} {} {}/{}",
          found == null ? "made" : "mended",
          wanted.getKind(),
          wanted.getMetadata().getNamespace(),
          wanted.getMetadata().getName());
    }
  }

  /** Removes it where it is there. */
  void remove(HasMetadata unwanted) {
    if (client.resource(unwanted).get() != null) {
      client.resource(unwanted).delete();
      log.info("removed {} {}", unwanted.getKind(), unwanted.getMetadata().getName());
    }
  }
}
