package dev.registrymirror.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.cluster.Cluster;
import dev.registrymirror.lab.cluster.ClusterNodeOptions;
import dev.registrymirror.lab.cluster.ClusterOptions;
import dev.registrymirror.lab.cluster.NeedsCluster;
import dev.registrymirror.lab.cluster.NodeLayout;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cluster whose process is killed leaves what {@link LabDown} removes. */
@NeedsCluster
class EndOfClusterTest {

  private static final String UP = "up: ";

  @TempDir private Path root;

  @Test
  void killedClusterIsRemovedByLabDown() throws IOException {
    // Given
    Process keeper =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-classpath",
                System.getProperty("java.class.path"),
                Keeper.class.getName(),
                root.toString())
            .redirectErrorStream(true)
            .start();
    Path directory = awaitUp(keeper);

    // When
    keeper.destroyForcibly().onExit().join();

    // Then
    assertThat(Traces.of(directory)).isNotEmpty();

    // When
    LabDown.down(root);

    // Then
    assertThat(root).isEmptyDirectory();
    assertThat(Traces.of(directory)).isEmpty();
  }

  private static Path awaitUp(Process keeper) throws IOException {
    try (BufferedReader said = keeper.inputReader()) {
      String all = "";
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        if (line.startsWith(UP)) {
          return Path.of(line.substring(UP.length()));
        }
        all += line + "\n";
      }
      throw new AssertionError("the cluster did not come up: " + all);
    }
  }

  /** Has a cluster of one node until it is killed. */
  static final class Keeper {

    private Keeper() {}

    public static void main(String[] args) throws InterruptedException {
      List<ClusterNodeOptions> nodes = List.of(ClusterNodeOptions.of(NodeLayout.STANDARD));
      Cluster cluster = Cluster.create(new ClusterOptions(nodes, Path.of(args[0])));
      System.out.println(UP + cluster.directory());
      new CountDownLatch(1).await();
    }
  }
}
