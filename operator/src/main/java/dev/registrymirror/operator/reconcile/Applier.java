package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.crd.RegistryMirror;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.processing.dependent.kubernetes.SSABasedGenericKubernetesResourceMatcher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes things as they are wanted, by server-side apply, and only where they are not so yet. */
final class Applier {

  private static final Logger log = LoggerFactory.getLogger(Applier.class);

  /** As what the operator manages fields. */
  static final String FIELD_MANAGER = "registry-mirror-operator";

  private final Context<RegistryMirror> context;

  Applier(Context<RegistryMirror> context) {
    this.context = context;
  }

  /** Makes or mends it; what others have set beside the operator's fields stays. */
  <T extends HasMetadata> void apply(T wanted) {
    T found = context.getClient().resource(wanted).get();
    if (found != null
        && SSABasedGenericKubernetesResourceMatcher.<T>getInstance()
            .matches(found, wanted, context)) {
      return;
    }
    context
        .getClient()
        .resource(wanted)
        .fieldManager(FIELD_MANAGER)
        .forceConflicts()
        .serverSideApply();
    log.info(
        "{} {} {}/{}",
        found == null ? "made" : "mended",
        wanted.getKind(),
        wanted.getMetadata().getNamespace(),
        wanted.getMetadata().getName());
  }

  /** Removes it where it is there. */
  void remove(HasMetadata unwanted) {
    if (context.getClient().resource(unwanted).get() != null) {
      context.getClient().resource(unwanted).delete();
      log.info("removed {} {}", unwanted.getKind(), unwanted.getMetadata().getName());
    }
  }
}
