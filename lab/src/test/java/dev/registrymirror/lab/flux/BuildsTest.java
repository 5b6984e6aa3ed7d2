package dev.registrymirror.lab.flux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.Repository;
import dev.registrymirror.lab.cluster.NeedsControlPlane;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Flux or the API server say of a bundle that breaks no rule. */
@NeedsControlPlane
@NeedsFlux
class BuildsTest {

  private static final String SETTINGS = "kubernetes/clusters/infra/spegel.yaml";
  private static final String MIRROR =
      "kubernetes/workloads/platform/registry/spegel/registrymirror.yaml";
  private static final String RELEASE = "kubernetes/bases/spegel/helmrelease.yaml";

  @TempDir private Path directory;

  @Test
  void thisRepositorysBundleIsRight() {
    assertThat(Validate.findings(Repository.ROOT)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          SPEGEL_PORT: "29999"        | SPEGEL_PORT: "port"        | SPEGEL_PORT:              | spec.ports.registry
          SPEGEL_PLATFORM: Talos      | SPEGEL_PLATFORM: Windows   | SPEGEL_PLATFORM:          | spec.platform: Unsupported value
          SPEGEL_CONTAINERD_SOCKET: / | SPEGEL_CONTAINERD_SOCKET: /other/ | SPEGEL_CONTAINERD_SOCKET: | of Talos is /run/containerd/containerd.sock, not /other/run
          """)
  void blamesTheSettingThatIsWrong(String there, String instead, String line, String message)
      throws IOException {
    BrokenBundle bundle = BrokenBundle.in(directory).with(SETTINGS, there, instead);

    bundle.assertFound(Builds.check(Bundle.read(directory), "infra"), SETTINGS, line, message);
  }

  @Test
  void blamesNamesThatNobodyKnows() throws IOException {
    // Given one misspelt in each: the chart's values, the resource, the sample
    BrokenBundle bundle =
        BrokenBundle.in(directory)
            .with(RELEASE, "deadlineSeconds: 900", "deadlineSeconds: 900\\n      deadline: 1")
            .with(MIRROR, "  tags:", "  tag:")
            .with("clusters/infra/registrymirror.yaml", "  registries:", "  registry:");

    var findings = Builds.check(Bundle.read(directory), "infra");
    bundle.assertFound(findings, RELEASE, "deadline: 1", "deadline");
    bundle.assertFound(findings, MIRROR, "  tag:", "tag");
    bundle.assertFound(findings, "clusters/infra/registrymirror.yaml", "  registry:", "registry");
  }

  @Test
  void saysWhatFluxCannotBuild() throws IOException {
    BrokenBundle bundle =
        BrokenBundle.in(directory).with(MIRROR, "${SPEGEL_TAGS:=Revalidate}", "${SPEGEL_TAGS");

    bundle.assertFound(
        Builds.check(Bundle.read(directory), "infra"),
        "kubernetes/infrastructure/networking/spegel/ks.yaml",
        "apiVersion",
        "Flux cannot build it");
  }

  /** What stands below {@code jobs: x:}, the line that is blamed, and why. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          step: []                                    | step: | unexpected key "step"
          steps:\\n      - uses: actions/checkout@v4 | uses: | actions/checkout@v4 names no commit
          """)
  void saysWhatIsWrongInAWorkflow(String job, String line, String message) throws IOException {
    BrokenBundle bundle =
        BrokenBundle.in(directory)
            .add(
                ".github/workflows/x.yml",
                "on: push\\njobs:\\n  x:\\n    runs-on: ubuntu-24.04\\n    " + job + "\\n");
    Files.createDirectories(directory.resolve(".git"));

    bundle.assertFound(Workflows.check(directory), ".github/workflows/x.yml", line, message);
  }
}
