package dev.registrymirror.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** However a lab ends, nothing of it is left on the machine. */
@NeedsLab
class EndOfLabTest {

  private static final Duration BOUND = Duration.ofMinutes(1);

  @TempDir private Path root;
  private Process keeper;

  @AfterEach
  void endKeeper() {
    if (keeper != null) {
      keeper.destroy();
      keeper.onExit().join();
    }
    LabDown.down(root);
  }

  @Test
  void closedLabLeavesNothing() {
    Lab lab = Lab.create(new LabOptions(false, root));
    Image app = lab.upstream().push(ImageRecipe.named("app:1"));
    lab.node("n1", lab.newestContainerd()).pull(app.reference());
    Remains remains = onlyLab();
    assertThat(Traces.of(remains.directory())).isNotEmpty();

    lab.close();

    assertNothingLeft(remains);
  }

  @Test
  void killedLabIsRemovedByLabDown() throws IOException {
    Remains remains = keepLab();

    keeper.destroyForcibly().onExit().join();
    assertThat(Traces.of(remains.directory())).isNotEmpty();
    LabDown.down(root);

    assertNothingLeft(remains);
  }

  @Test
  void keptLabIsEndedByLabDown() throws IOException {
    Remains remains = keepLab();

    LabDown.down(root);

    keeper.onExit().join();
    assertNothingLeft(remains);
  }

  @Test
  void labInUseIsLeftAloneByLabDown() {
    try (Lab lab = Lab.create(new LabOptions(false, root))) {
      LabDown.down(root);

      Image app = lab.upstream().push(ImageRecipe.named("app:1"));
      assertThat(lab.node("n1", lab.newestContainerd()).pull(app.reference()).took()).isPositive();
    }
  }

  private Remains keepLab() throws IOException {
    Path log = root.resolveSibling(root.getFileName() + "-keeper.log");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-classpath",
                System.getProperty("java.class.path"),
                LabUp.class.getName(),
                "--nodes=1",
                "--no-agents")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("REGISTRY_MIRROR_LABS", root.toString());
    keeper = builder.start();
    Await.until("a lab is up", BOUND, () -> read(log).contains("Ctrl-C") || !keeper.isAlive());
    assertThat(read(log)).contains("Ctrl-C");
    Files.delete(log);
    return onlyLab();
  }

  private Remains onlyLab() {
    return Remains.in(root).getFirst();
  }

  private void assertNothingLeft(Remains lab) {
    assertThat(root).isEmptyDirectory();
    assertThat(Traces.of(lab.directory())).isEmpty();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
