package dev.registrymirror.operator.crd;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The project's own fields of which {@code kubectl explain} would say nothing. */
final class UnexplainedFields {

  /** Kubernetes' own types, which are explained where a Pod is. */
  private static final Set<String> KUBERNETES =
      Set.of(
          "spec.agent.resources",
          "spec.agent.tolerations",
          "spec.agent.nodeAffinity",
          "spec.agent.updateStrategy",
          "spec.agent.seLinuxOptions",
          "spec.agent.extraEnv",
          "status.conditions");

  private UnexplainedFields() {}

  static List<String> in(String crd) {
    JSONSchemaProps root =
        new KubernetesSerialization()
            .unmarshal(crd, CustomResourceDefinition.class)
            .getSpec()
            .getVersions()
            .getFirst()
            .getSchema()
            .getOpenAPIV3Schema();
    List<String> unexplained = new ArrayList<>();
    for (String part : List.of("spec", "status")) {
      JSONSchemaProps schema = root.getProperties().get(part);
      explained(part, schema, unexplained);
      look(part, schema, unexplained);
    }
    return unexplained;
  }

  private static void explained(String path, JSONSchemaProps field, List<String> unexplained) {
    if (Optional.ofNullable(field.getDescription()).orElse("").isBlank()) {
      unexplained.add(path);
    }
  }

  private static void look(String path, JSONSchemaProps schema, List<String> unexplained) {
    if (schema.getProperties() == null || KUBERNETES.contains(path)) {
      return;
    }
    schema
        .getProperties()
        .forEach(
            (name, field) -> {
              String inner = path + "." + name;
              explained(inner, field, unexplained);
              look(inner, field, unexplained);
              if (field.getItems() != null) {
                look(inner, field.getItems().getSchema(), unexplained);
              }
            });
  }
}
