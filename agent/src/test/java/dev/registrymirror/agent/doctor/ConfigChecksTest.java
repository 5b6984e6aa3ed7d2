package dev.registrymirror.agent.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.doctor.Finding.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations as the platforms have them, and the ways in which a mirror is never asked. */
class ConfigChecksTest {

  private static final String V2 = "plugins.\"io.containerd.grpc.v1.cri\"";
  private static final String V3 = "plugins.'io.containerd.cri.v1.images'";

  @TempDir Path etc;

  private Path write(String name, String text) throws IOException {
    Path file = etc.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private Path hostsDir() {
    return etc.resolve("certs.d");
  }

  private List<Finding> examine() {
    return new ConfigChecks(etc.resolve("config.toml"), hostsDir()).examine();
  }

  private void assertVerdicts(Verdict configPath, Verdict discard) {
    assertThat(examine()).extracting(Finding::verdict).containsExactly(configPath, discard);
    assertThat(examine())
        .allMatch(finding -> finding.verdict() == Verdict.OK || !finding.mend().isEmpty());
  }

  @Test
  void k3sSetsBothInVersion2() throws Exception {
    write(
        "config.toml",
        """
        version = 2
        [plugins."io.containerd.grpc.v1.cri".containerd]
          snapshotter = "overlayfs"
          disable_snapshot_annotations = true
        [plugins."io.containerd.grpc.v1.cri".registry]
          config_path = "%s"
        """
            .formatted(hostsDir()));

    assertVerdicts(Verdict.OK, Verdict.OK);
  }

  @Test
  void talosSetsItsOwnInAnImportOfVersion3() throws Exception {
    // Given what Talos has in /etc/cri, with the customization that sharing needs
    write("config.toml", "version = 3\nimports = [\"conf.d/*.toml\"]\n");
    write(
        "conf.d/01-registries.toml",
        "version = 3\n[%s.registry]\nconfig_path = \"%s\"\n".formatted(V3, hostsDir()));
    write(
        "conf.d/20-customization.toml",
        "version = 3\n[%s]\ndiscard_unpacked_layers = true\n".formatted(V3));

    assertVerdicts(Verdict.OK, Verdict.PROBLEM);

    write(
        "conf.d/30-later.toml",
        "version = 3\n[%s]\ndiscard_unpacked_layers = false\n".formatted(V3));
    assertVerdicts(Verdict.OK, Verdict.OK);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "version = 2\n", "version = 3\n", "disabled_plugins = []\n# kubeadm's own\n"})
  void withoutConfigPathMirrorsAreNotAsked(String text) throws Exception {
    write("config.toml", text);

    assertVerdicts(Verdict.PROBLEM, Verdict.OK);
  }

  @Test
  void version1HasTheSamePluginByItsShortName() throws Exception {
    write("config.toml", "[plugins.cri.registry]\nconfig_path = \"%s\"\n".formatted(hostsDir()));

    assertVerdicts(Verdict.OK, Verdict.OK);
  }

  @Test
  void version3IgnoresTheOldName() throws Exception {
    write(
        "config.toml",
        "version = 3\n[%s.registry]\nconfig_path = \"%s\"\n".formatted(V2, hostsDir()));

    assertVerdicts(Verdict.PROBLEM, Verdict.OK);
  }

  @Test
  void twoPathsAreOneForTheTransferService() throws Exception {
    String paths = hostsDir() + ":/etc/docker/certs.d";
    write("config.toml", "version = 3\n[%s.registry]\nconfig_path = \"%s\"\n".formatted(V3, paths));
    assertVerdicts(Verdict.PROBLEM, Verdict.OK);

    // But not where containerd pulls itself
    write(
        "config.toml",
        "version = 3\n[%s]\nuse_local_image_pull = true\n[%s.registry]\nconfig_path = \"%s\"\n"
            .formatted(V3, V3, paths));
    assertVerdicts(Verdict.OK, Verdict.OK);

    // And which it is cannot be told from a configuration that 1.x reads too
    write("config.toml", "version = 2\n[%s.registry]\nconfig_path = \"%s\"\n".formatted(V2, paths));
    assertVerdicts(Verdict.UNKNOWN, Verdict.OK);
  }

  @Test
  void anotherDirectoryAndDeprecatedMirrorsAreProblems() throws Exception {
    write(
        "config.toml", "version = 2\n[%s.registry]\nconfig_path = \"/etc/other\"\n".formatted(V2));
    assertVerdicts(Verdict.PROBLEM, Verdict.OK);
    assertThat(examine().getFirst().detail()).contains("/etc/other", hostsDir().toString());

    write(
        "config.toml",
        "version = 2\n[%s.registry.mirrors.\"docker.io\"]\nendpoint = []\n".formatted(V2));
    assertVerdicts(Verdict.PROBLEM, Verdict.OK);
    assertThat(examine().getFirst().detail()).contains("registry.mirrors");
  }

  @Test
  void dropInThatReplacesThePluginOn1AndMergesOn2IsUnknown() throws Exception {
    // Given a drop-in that says nothing of the path: 1.x forgets what was said before
    write(
        "config.toml",
        "version = 2\nimports = [\"%s/conf.d/*.toml\"]\n[%s.registry]\nconfig_path = \"%s\"\n"
            .formatted(etc, V2, hostsDir()));
    write("conf.d/a.toml", "version = 2\n[%s]\nsandbox_image = \"x\"\n".formatted(V2));

    assertVerdicts(Verdict.UNKNOWN, Verdict.OK);
  }

  @Test
  void whatCannotBeReadIsUnknown() throws Exception {
    // No file
    assertVerdicts(Verdict.UNKNOWN, Verdict.UNKNOWN);

    // An import that is not mounted here
    write("config.toml", "version = 2\nimports = [\"/nowhere/conf.d/*.toml\"]\n");
    assertVerdicts(Verdict.UNKNOWN, Verdict.UNKNOWN);
    write("config.toml", "version = 2\nimports = [\"missing.toml\"]\n");
    assertVerdicts(Verdict.UNKNOWN, Verdict.UNKNOWN);

    // Not TOML
    write("config.toml", "version = 2\n[plugins\n");
    assertVerdicts(Verdict.UNKNOWN, Verdict.UNKNOWN);
    assertThat(examine().getFirst().detail()).contains("line 2");
  }

  @Test
  void emptyDropInDirectoryAndCircularImportsAreNoTrouble() throws Exception {
    write(
        "config.toml",
        "version = 3\nimports = [\"conf.d/*.toml\", \"config.toml\"]\n[%s.registry]\nconfig_path = \"%s\"\n"
            .formatted(V3, hostsDir()));

    assertVerdicts(Verdict.OK, Verdict.OK);
  }
}
