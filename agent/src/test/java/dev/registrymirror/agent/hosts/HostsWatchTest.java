package dev.registrymirror.agent.hosts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostsWatchTest {

  private static final HostsWatch.Pace PACE =
      new HostsWatch.Pace(
          Duration.ofMillis(20),
          Duration.ofMinutes(5),
          Duration.ofMillis(10),
          Duration.ofMillis(100));

  @TempDir Path node;
  private final List<Standing> standings = new CopyOnWriteArrayList<>();

  private HostsDirectory directory() throws UnusableDirectoryException {
    return new HostsDirectory(
        node.resolve("certs.d"),
        node.resolve("state"),
        new HostsSettings(
            List.of(URI.create("http://10.0.0.11:29999")),
            List.of("ghcr.io"),
            TagPolicy.REVALIDATE,
            Optional.empty()));
  }

  @Test
  void rewrittenFileIsMergedAgainAndCleanupEndsIt() throws Exception {
    // Given
    HostsDirectory directory = directory();
    directory.configure();
    Path file = node.resolve("certs.d/ghcr.io/hosts.toml");

    try (HostsWatch watch = HostsWatch.start(directory, PACE, standings::add)) {
      assertThat(watch).isNotNull();
      await(() -> !standings.isEmpty() && standings.getLast().isMirrored());
      assertThat(standings.getLast().isMeantFor("ghcr.io")).isTrue();
      assertThat(standings.getLast().isMeantFor("docker.io")).isFalse();

      // When k3s starts: the folder is deleted and written anew
      Files.delete(file);
      Files.delete(file.getParent());
      Files.createDirectory(file.getParent());
      Files.writeString(file, "server = \"https://one.example.com\"\n");

      // Then
      await(() -> hosts(file).contains("https://one.example.com") && hosts(file).size() == 2);
      await(() -> standings.getLast().isMirrored());
      assertThat(standings).anyMatch(standing -> standing.broken().containsKey("ghcr.io"));

      // When rewritten once more, in place
      Files.writeString(file, "server = \"https://two.example.com\"\n");

      // Then
      await(() -> hosts(file).contains("https://two.example.com") && hosts(file).size() == 2);

      // When
      HostsDirectory.forCleanup(node.resolve("certs.d"), node.resolve("state")).cleanup();
      Files.writeString(file, "server = \"https://three.example.com\"\n");
      directory.putBack();

      // Then
      assertThat(hosts(file)).isEmpty();
      await(() -> !standings.getLast().isMirrored() && !standings.getLast().configured());
    }
  }

  private static List<String> hosts(Path file) throws IOException {
    try {
      return List.copyOf(HostsFile.parse(Files.readAllBytes(file)).hosts().keySet());
    } catch (MalformedTomlException e) {
      throw new AssertionError(e);
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    Instant end = Instant.now().plusSeconds(20);
    while (!condition.call()) {
      assertThat(Instant.now()).isBefore(end);
      Thread.onSpinWait();
    }
  }
}
