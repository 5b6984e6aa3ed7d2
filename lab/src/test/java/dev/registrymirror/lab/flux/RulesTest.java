package dev.registrymirror.lab.flux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.Repository;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each rule with a bundle that breaks it. */
class RulesTest {

  private static final String KS = "kubernetes/infrastructure/networking/spegel/ks.yaml";

  @TempDir private Path directory;

  @Test
  void thisRepositorysBundleBreaksNone() {
    assertThat(Rules.check(Bundle.read(Repository.ROOT))).isEmpty();
  }

  /** A file, what is there, what is put there instead; the line that is blamed, and why. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          - name: spegel-operator       | - name: spegel-operater        | name: spegel-operater         | refers to Kustomization flux-system/spegel-operater, which does not come to infra
          name: spegel-settings         | name: spegel-setting           | kind: ConfigMap               | refers to ConfigMap flux-system/spegel-setting
          kind: GitRepository           | kind: Bucket                   | kind: Bucket                  | refers to Bucket flux-system/registry-mirror
          ./kubernetes/bases/spegel     | ./kubernetes/base/spegel       | path: ./kubernetes/base/      | has no kustomization.yaml
          \\n  path: ./kubernetes/bases/spegel | \\n                      | apiVersion:                   | has no path
          name: spegel-operator\\n  namespace | name: spegel\\n  namespace | apiVersion:                 | Kustomization spegel comes to infra twice
          name: spegel-operator\\n  namespace | name: cilium\\n  namespace | apiVersion:                 | is called cilium
          dependsOn:\\n    - name: cilium\\n  interval | dependsOn:\\n    - name: spegel\\n  interval | - name: | depends on itself in the end
          deletionPolicy: WaitForTermination | deletionPolicy: MirrorPrune | apiVersion:              | needs deletionPolicy: WaitForTermination
          timeout: 13m                  | timeout: 10m                   | timeout: 10m                  | must be longer than the 10m of kubernetes/workloads/
          timeout: 18m                  | timeout: 16m                   | timeout: 16m                  | must be longer than the 16m of kubernetes/bases/
          timeout: 18m                  | timeout: soon                  | timeout: soon                 | is no time such as 10m
          kind: Kustomization           | 'kind: Kustomization: x'       | kind: Kustomization: x        | is no YAML
          """)
  void namesTheLineOfWhatIsWrongAmongTheFluxKustomizations(
      String there, String instead, String line, String message) throws IOException {
    BrokenBundle bundle = BrokenBundle.in(directory).with(KS, there, instead);

    bundle.assertFound(Rules.check(Bundle.read(directory)), KS, line, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          kubernetes/clusters/infra/spegel.yaml          | SPEGEL_PORT:        | SPEGEL_PROT:        | SPEGEL_PROT:  | SPEGEL_PROT is a setting that nothing asks for
          kubernetes/bases/spegel/helmrelease.yaml       | timeout: 16m        | timeout: 15m        | timeout: 15m  | must be longer than the hook's 900 s
          kubernetes/bases/spegel/helmrelease.yaml       | kind: OCIRepository | kind: HelmChart     | HelmChart     | refers to HelmChart kube-system/registry-mirror
          kubernetes/bases/spegel/helmrelease.yaml       | deadlineSeconds: 900 | deadlineSeconds: x | deadlineSeconds: x | is no number of seconds
          kubernetes/bases/spegel/ocirepository.yaml     | kind: OCIRepository | kind: HelmRepository | apiVersion:  | nothing else installs the mirror
          kubernetes/bases/spegel/kustomization.yaml     | resources:          | namespace: x\\nresources: | namespace: x | sets the namespace of all below
          clusters/apps/flux-system/registry-mirror.yaml | ./kubernetes/clusters/apps | ./kubernetes/clusters/infra | path: | ./kubernetes/clusters/infra is not apps's
          kubernetes/bases/spegel/kustomization.yaml     | - helmrelease.yaml  | - helmreleas.yaml   | helmreleas.yaml | helmreleas.yaml is not there
          """)
  void namesTheLineOfWhatIsWrongElsewhere(
      String file, String there, String instead, String line, String message) throws IOException {
    BrokenBundle bundle = BrokenBundle.in(directory).with(file, there, instead);

    bundle.assertFound(Rules.check(Bundle.read(directory)), file, line, message);
  }

  @Test
  void findsASettingThatIsMissingWhereItIsAskedFor() throws IOException {
    String mirror = "kubernetes/workloads/platform/registry/spegel/registrymirror.yaml";
    BrokenBundle bundle =
        BrokenBundle.in(directory)
            .with("kubernetes/clusters/apps/spegel.yaml", "  SPEGEL_HOSTS_DIRECTORY:", "  # gone:");

    bundle.assertFound(
        Rules.check(Bundle.read(directory)),
        mirror,
        "hostsDirectory:",
        "SPEGEL_HOSTS_DIRECTORY is not set in apps's spegel-settings");
  }

  @Test
  void findsAFileThatNoKustomizationLists() throws IOException {
    String file = "kubernetes/bases/spegel/forgotten.yaml";
    BrokenBundle bundle = BrokenBundle.in(directory).add(file, "kind: ConfigMap\\n");

    bundle.assertFound(Rules.check(Bundle.read(directory)), file, "", "no kustomization.yaml");
  }

  @Test
  void aClusterMayLeaveTheMirrorOutByOneLine() throws IOException {
    BrokenBundle.in(directory)
        .with(
            "kubernetes/clusters/apps/kustomization.yaml",
            "  - infrastructure.yaml\\n  - spegel.yaml",
            "  # - infrastructure.yaml\\n  - spegel.yaml");

    assertThat(Rules.check(Bundle.read(directory))).isEmpty();
  }

  @Test
  void findsAnotherWayToInstallTheMirror() throws IOException {
    BrokenBundle bundle =
        BrokenBundle.in(directory)
            .add("deploy/helmfile.yaml", "releases: []\\n")
            .add(
                "kubernetes/bases/spegel/other.yaml",
                "apiVersion: helm.toolkit.fluxcd.io/v2\\n"
                    + "kind: HelmRelease\\n"
                    + "metadata: {name: x}\\n")
            .with(
                "kubernetes/bases/spegel/kustomization.yaml",
                "resources:",
                "resources:\\n  - other.yaml");

    var findings = Rules.check(Bundle.read(directory));
    bundle.assertFound(findings, "deploy/helmfile.yaml", "", "Flux alone installs the mirror");
    bundle.assertFound(
        findings, "kubernetes/bases/spegel/helmrelease.yaml", "apiVersion", "a second HelmRelease");
  }
}
