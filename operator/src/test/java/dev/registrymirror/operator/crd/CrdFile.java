package dev.registrymirror.operator.crd;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The CustomResourceDefinition, generated from {@link RegistryMirror} into the chart. {@code make
 * crd} writes it, a test says where it is not what the types say.
 */
public final class CrdFile {

  /** In the repository. */
  public static final String PATH =
      "charts/registry-mirror/crds/registrymirrors.registrymirror.dev-v1.yml";

  /** Host names with an optional port, as containerd names a registry. */
  private static final String REGISTRY = "^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?$";

  /** As kubectl shows them; the generator sorts them. */
  private static final List<String> COLUMNS =
      List.of("Ready", "Nodes", "Bypassed", "Hit ratio", "Reason", "Age");

  private CrdFile() {}

  /** Writes it into the repository that is the first argument. */
  public static void main(String[] args) throws IOException {
    Path file = Path.of(args[0]).resolve(PATH);
    Files.createDirectories(file.getParent());
    Files.writeString(file, generate());
    System.out.println("written: " + file);
  }

  /** As YAML. */
  public static String generate() throws IOException {
    Path directory = Files.createTempDirectory("crd");
    var info =
        new CRDGenerator()
            .inOutputDir(directory.toFile())
            .forCRDVersions("v1")
            .withMinQuotes(true)
            .withPostProcessor(new AddWhatAnnotationsCannotSay())
            .customResourceClasses(RegistryMirror.class)
            .detailedGenerate();
    Path file =
        Path.of(
            info.getCRDInfos("registrymirrors." + RegistryMirror.GROUP).get("v1").getFilePath());
    String yaml = Files.readString(file);
    Files.delete(file);
    Files.delete(directory);
    return yaml;
  }

  private static final class AddWhatAnnotationsCannotSay implements CRDPostProcessor {
    @Override
    public HasMetadata process(HasMetadata crd, String version) {
      CustomResourceDefinitionVersion only =
          ((CustomResourceDefinition) crd).getSpec().getVersions().getFirst();
      only.getAdditionalPrinterColumns()
          .sort(Comparator.comparingInt(column -> COLUMNS.indexOf(column.getName())));
      JSONSchemaProps root = only.getSchema().getOpenAPIV3Schema();
      root.setDescription(
          "A mirror of registries on the nodes of this cluster, or on some of them.");
      JSONSchemaProps wanted = root.getProperties().get("spec");
      wanted.setDescription("What is wanted of the mirror.");
      wanted.setDefault(JsonNodeFactory.instance.objectNode());
      Map<String, JSONSchemaProps> spec = wanted.getProperties();
      JSONSchemaProps registries = spec.get("registries");
      registries.setXKubernetesListType("set");
      registries.setMaxItems(256L);
      JSONSchemaProps registry = registries.getItems().getSchema();
      registry.setPattern(REGISTRY);
      registry.setMaxLength(253L);
      Map<String, JSONSchemaProps> agent = spec.get("agent").getProperties();
      byName(agent.get("extraEnv"), "name");
      agent.get("tolerations").setXKubernetesListType("atomic");
      JSONSchemaProps seen = root.getProperties().get("status");
      seen.setDescription("What the operator sees of it.");
      Map<String, JSONSchemaProps> status = seen.getProperties();
      byName(status.get("conditions"), "type");
      byName(status.get("platforms"), "platform");
      byName(status.get("worstNodes"), "node");
      return crd;
    }

    private static void byName(JSONSchemaProps list, String key) {
      list.setXKubernetesListType("map");
      list.setXKubernetesListMapKeys(List.of(key));
      JSONSchemaProps item = list.getItems().getSchema();
      if (item.getRequired() == null || !item.getRequired().contains(key)) {
        item.setRequired(List.of(key));
      }
    }
  }
}
