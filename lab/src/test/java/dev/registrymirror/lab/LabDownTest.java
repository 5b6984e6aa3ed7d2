package dev.registrymirror.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.machine.Daemon;
import dev.registrymirror.lab.machine.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What needs no root of what {@link EndOfLabTest} tells. */
class LabDownTest {

  @TempDir private Path root;

  @Test
  void crashedControlPlaneIsRemoved() throws IOException {
    Process owner = new ProcessBuilder("sleep", "1000").start();
    Workspace crashed = Workspace.make(root, Workspace.CONTROL_PLANE, owner.toHandle());
    Daemon daemon = daemonOf(crashed);
    owner.destroyForcibly().onExit().join();

    LabDown.removeControlPlanes(root);

    assertThat(daemon.isAlive()).isFalse();
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void controlPlaneInUseIsLeftAlone() {
    Workspace used = Workspace.make(root, Workspace.CONTROL_PLANE, ProcessHandle.current());
    Daemon daemon = daemonOf(used);

    LabDown.removeControlPlanes(root);

    assertThat(daemon.isAlive()).isTrue();
    assertThat(used.directory()).exists();
    used.killAll();
  }

  private static Daemon daemonOf(Workspace workspace) {
    Path log = workspace.directory().resolve("daemon.log");
    return Daemon.start("daemon", workspace.processes(), log, Map.of(), List.of("sleep", "1000"));
  }
}
