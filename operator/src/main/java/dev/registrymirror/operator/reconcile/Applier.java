package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes things as they are wanted, by server-side apply, field by field. */
final class Applier {

  private static final Logger log = LoggerFactory.getLogger(Applier.class);

  /** As what the operator manages fields. */
  static final String FIELD_MANAGER = Labels.OPERATOR;

  private final KubernetesClient client;

  Applier(KubernetesClient client) {
    this.client = client;
  }

  /**
   * Makes or mends it; what others have set beside the operator's fields stays. Where all is as it
   * is wanted the API server changes nothing, and nobody who watches is woken.
   */
  <T extends HasMetadata> void apply(T wanted) {
    T found = handle(wanted).get();
    T applied = handle(wanted).fieldManager(FIELD_MANAGER).forceConflicts().serverSideApply();
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
    if (handle(unwanted).get() != null) {
      handle(unwanted).delete();
      log.info("removed {} {}", unwanted.getKind(), unwanted.getMetadata().getName());
    }
  }

  /** Kinds of others are not looked up, which fails where the cluster does not know them. */
  @SuppressWarnings("unchecked") // A generic resource is handled as what it is.
  private <T extends HasMetadata> Resource<T> handle(T object) {
    if (!(object instanceof GenericKubernetesResource generic)) {
      return client.resource(object);
    }
    ResourceDefinitionContext definition =
        new ResourceDefinitionContext.Builder()
            .withGroup(generic.getApiVersion().split("/", -1)[0])
            .withVersion(generic.getApiVersion().split("/", -1)[1])
            .withKind(generic.getKind())
            .withPlural(generic.getKind().toLowerCase(Locale.ROOT) + "s")
            .withNamespaced(true)
            .build();
    return (Resource<T>)
        client
            .genericKubernetesResources(definition)
            .inNamespace(generic.getMetadata().getNamespace())
            .resource(generic);
  }
}
