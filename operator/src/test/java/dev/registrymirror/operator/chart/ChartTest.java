package dev.registrymirror.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.registrymirror.operator.crd.CrdFile;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.Yaml;

/** What Helm makes of the chart, and what it refuses. */
class ChartTest {

  private static final String NAMESPACE = "mirrors";
  private static final String DIGEST = "sha256:" + "0123456789abcdef".repeat(4);

  private static final ObjectMapper JSON = new ObjectMapper();

  private static List<HasMetadata> render(Map<String, String> values) {
    Object all = new KubernetesSerialization().unmarshal(Chart.render(values, NAMESPACE));
    return ((Collection<?>) all).stream().map(HasMetadata.class::cast).toList();
  }

  private static <T extends HasMetadata> List<T> render(Class<T> type, Map<String, String> values) {
    return render(values).stream().filter(type::isInstance).map(type::cast).toList();
  }

  private static Container operator(Map<String, String> values) {
    return render(Deployment.class, values)
        .getFirst()
        .getSpec()
        .getTemplate()
        .getSpec()
        .getContainers()
        .getFirst();
  }

  private static Map<String, EnvVar> environment(Map<String, String> values) {
    return operator(values).getEnv().stream()
        .collect(Collectors.toMap(EnvVar::getName, variable -> variable));
  }

  private static JsonNode yaml(Path file) throws IOException {
    return JSON.valueToTree(new Yaml().load(Files.readString(file)));
  }

  @Test
  void isWithoutFault() {
    assertThat(Chart.lint().isFailed()).as("%s", Chart.lint().getMessages()).isFalse();
  }

  @Test
  void isOfTheProjectsVersion() throws IOException {
    String version = yaml(Chart.DIRECTORY.resolve("Chart.yaml")).get("version").asText();

    assertThat(yaml(Chart.DIRECTORY.resolve("Chart.yaml")).get("appVersion").asText())
        .isEqualTo(version);
    assertThat(Path.of("pom.xml")).content().contains("<version>" + version + "</version>");
  }

  @Test
  void needsNoValues() {
    List<String> kinds = render(Map.of()).stream().map(HasMetadata::getKind).toList();

    assertThat(kinds).contains("Deployment", "ServiceAccount", "ClusterRole", "Role");
    assertThat(kinds).doesNotContain("RegistryMirror", "PodDisruptionBudget");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          image.repositry          | x/y          | repositry
          agentimage.tag           | 1            | agentimage
          image.digest             | sha256:short | digest
          image.tag                | a/b          | tag
          image.pullPolicy         | Sometimes    | pullPolicy
          replica                  | 2            | replica
          replicas                 | 0            | replicas
          replicas                 | many         | replicas
          watchNamespaces[0]       | Upper        | watchNamespaces
          logLevel                 | loud         | logLevel
          resources.limit.memory   | 1Gi          | limit
          tolerations[0].efect     | NoSchedule   | efect
          registryMirror.enable    | true         | enable
          registryMirror.spec.tag  | Serve        | tag
          uninstall.deadline       | 900          | deadline
          """)
  void refuses(String name, String value, String says) {
    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() -> Chart.render(Map.of(name, value), NAMESPACE))
        .withMessageContaining(says)
        .withMessageContaining("schema");
  }

  @Test
  void knowsEachFieldOfTheSpec() throws IOException {
    JsonNode schema =
        JSON.readTree(Chart.DIRECTORY.resolve("values.schema.json").toFile())
            .at("/properties/registryMirror/properties/spec/properties");
    JsonNode spec =
        yaml(Path.of("..").resolve(CrdFile.PATH))
            .at("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties");

    assertThat(schema.fieldNames())
        .toIterable()
        .containsExactlyInAnyOrderElementsOf(spec::fieldNames);
  }

  @Test
  void explainsEachValue() throws IOException {
    String readme = Files.readString(Chart.DIRECTORY.resolve("README.md"));

    assertThat(names("", yaml(Chart.DIRECTORY.resolve("values.yaml"))))
        .allSatisfy(name -> assertThat(readme).contains("| `" + name + "` |"));
  }

  /** Those of the values; what is in {@code resources} is Kubernetes' own. */
  private static Stream<String> names(String prefix, JsonNode values) {
    return values.properties().stream()
        .flatMap(
            value -> {
              String name = prefix + value.getKey();
              return value.getValue().isEmpty() || name.equals("resources")
                  ? Stream.of(name)
                  : names(name + ".", value.getValue());
            });
  }

  @Test
  void explainsEachRight() throws IOException {
    String readme = Files.readString(Chart.DIRECTORY.resolve("README.md"));

    assertThat(rules(Map.of()))
        .flatExtracting(PolicyRule::getResources)
        .allSatisfy(resource -> assertThat(readme).contains("`" + resource + "`"));
  }

  @Test
  void takesTheDigestBeforeTheTag() {
    Map<String, String> values =
        Map.of(
            "image.repository", "registry.lab:5000/operator",
            "image.tag", "v7",
            "image.digest", DIGEST,
            "agentImage.repository", "registry.lab:5000/agent",
            "agentImage.tag", "v8");

    assertThat(operator(values).getImage()).isEqualTo("registry.lab:5000/operator@" + DIGEST);
    assertThat(environment(values).get("AGENT_IMAGE").getValue())
        .isEqualTo("registry.lab:5000/agent:v8");
  }

  @Test
  void watchesItsOwnNamespaceUnlessToldOthers() {
    assertThat(environment(Map.of()).get("WATCH_NAMESPACES").getValue()).isEqualTo(NAMESPACE);
    assertThat(
            environment(Map.of("watchNamespaces[0]", "one", "watchNamespaces[1]", "two"))
                .get("WATCH_NAMESPACES")
                .getValue())
        .isEqualTo("one,two");
  }

  @Test
  void hasRightsInEachWatchedNamespaceAndItsLeaseInItsOwn() {
    assertThat(render(Role.class, Map.of("watchNamespaces[0]", "one", "watchNamespaces[1]", "two")))
        .extracting(role -> role.getMetadata().getNamespace() + "/" + role.getMetadata().getName())
        .containsExactlyInAnyOrder(
            "one/" + Chart.OPERATOR,
            "two/" + Chart.OPERATOR,
            NAMESPACE + "/" + Chart.OPERATOR + "-leader");
  }

  @Test
  void asksForNothingByWildcardAndListsNoSecrets() {
    assertThat(rules(Map.of()))
        .allSatisfy(
            rule -> {
              assertThat(rule.getVerbs()).doesNotContain("*");
              assertThat(rule.getResources()).doesNotContain("*");
              assertThat(rule.getApiGroups()).doesNotContain("*");
            });
    assertThat(rules(Map.of()))
        .filteredOn(rule -> rule.getResources().contains("secrets"))
        .singleElement()
        .satisfies(
            rule ->
                assertThat(rule.getVerbs()).containsExactlyInAnyOrder("get", "create", "patch"));
  }

  private static List<PolicyRule> rules(Map<String, String> values) {
    List<PolicyRule> rules = new ArrayList<>();
    for (HasMetadata made : render(values)) {
      if (made instanceof Role role) {
        rules.addAll(role.getRules());
      } else if (made instanceof io.fabric8.kubernetes.api.model.rbac.ClusterRole role) {
        rules.addAll(role.getRules());
      }
    }
    return rules;
  }

  @Test
  void isHeldByADisruptionBudgetOnlyWhereAnotherStandsBy() {
    assertThat(render(PodDisruptionBudget.class, Map.of("replicas", "1"))).isEmpty();
    assertThat(render(PodDisruptionBudget.class, Map.of("replicas", "2"))).hasSize(1);
  }

  @Test
  void refusesAMirrorThatNobodyWouldServe() {
    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(
            () ->
                Chart.render(
                    Map.of("registryMirror.enabled", "true", "watchNamespaces[0]", "other"),
                    NAMESPACE))
        .withMessageContaining("not among watchNamespaces");
  }
}
