package dev.registrymirror.lab.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.Repository;
import dev.registrymirror.lab.cluster.NeedsControlPlane;
import dev.registrymirror.lab.flux.NeedsFlux;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The pages' examples, before an API server and Helm; and some that these refuse. */
@NeedsControlPlane
@NeedsFlux
class ExamplesTest {

  private static Examples examples;

  @BeforeAll
  static void start() {
    examples = new Examples(Repository.ROOT);
  }

  @AfterAll
  static void close() {
    if (examples != null) {
      examples.close();
    }
  }

  @Test
  void thisRepositorysExamplesAreTaken() {
    assertThat(Page.of(Repository.ROOT)).isNotEmpty().flatMap(examples::check).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ```yaml\\na: [\\n```                                          | is no YAML
          ```toml\\na = \\n```                                          | Unexpected
          ```yaml\\nspec: {tag: Never}\\n```                            | .spec.tag: field not declared
          ```yaml\\nspec:\\n  platform: Windows\\n```                   | spec.platform: Unsupported value
          ```yaml\\napiVersion: registrymirror.dev/v1\\nkind: RegistryMirror\\nmetadata: {name: x}\\n``` | no matches for kind
          ```yaml\\napiVersion: source.toolkit.fluxcd.io/v1\\nkind: GitRepository\\nmetadata: {name: x, namespace: default}\\nspec: {interval: 1h, uri: x}\\n``` | .spec.uri: field not declared
          ```yaml\\nkind: ConfigMap\\napiVersion: v1\\nmetadata: {name: x, namespace: default}\\n---\\nkind: ConfigMap\\napiVersion: v1\\nmetadata: {name: z, namespace: default}\\ndate: {}\\n``` | .date: field not declared
          ```sh\\nhelm install x charts/registry-mirror --set registryMirror.enable=true\\n``` | registryMirror
          ```sh\\nhelm install x charts/registry-mirror --set replicas=many\\n``` | replicas
          `helm install x charts/gone`                                  | not found
          """)
  void saysWhatIsRefusedAndWhere(String text, String message) {
    assertThat(examples.check(DocsTest.page(text)))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.file()).isEqualTo("docs/page.md");
              assertThat(finding.line()).isBetween(3, 4);
              assertThat(finding.message()).contains(message);
            });
  }
}
