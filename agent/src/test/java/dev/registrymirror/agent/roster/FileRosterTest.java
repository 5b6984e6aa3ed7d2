package dev.registrymirror.agent.roster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.homes.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileRosterTest {

  private static final Peer ONE = new Peer("10.0.0.1", 29998, "a");
  private static final Peer TWO = new Peer("10.0.0.2", 29998, "a");

  @TempDir Path folder;

  private final BlockingQueue<Set<Peer>> told = new LinkedBlockingQueue<>();
  private Path file;
  private FileRoster roster;

  @BeforeEach
  void inAFolder() {
    file = folder.resolve("roster.json");
  }

  @AfterEach
  void close() {
    roster.close();
  }

  @Test
  void tellsTheFileThatIsThere() throws Exception {
    // Given
    Files.writeString(file, json(ONE, TWO));

    // When
    start();

    // Then
    assertThat(next()).containsExactly(ONE, TWO);
    assertThat(roster.members()).containsExactly(ONE, TWO);
  }

  @Test
  void waitsForAFileAndItsFolder() throws Exception {
    // Given
    file = folder.resolve("mounted/later/roster.json");
    start();
    assertThat(roster.members()).isEmpty();

    // When
    Files.createDirectories(file.getParent());
    Files.writeString(file, json(ONE));

    // Then
    assertThat(next()).containsExactly(ONE);
  }

  @Test
  void readsAFileThatIsRewrittenOrRenamedIntoPlace() throws Exception {
    // Given
    Files.writeString(file, json(ONE));
    start();
    assertThat(next()).containsExactly(ONE);

    // When rewritten
    Files.writeString(file, json(ONE, TWO));
    assertThat(next()).containsExactly(ONE, TWO);

    // When renamed into place
    Path other = folder.resolve("new");
    Files.writeString(other, json(TWO));
    Files.move(other, file, StandardCopyOption.ATOMIC_MOVE);
    assertThat(next()).containsExactly(TWO);

    // When only a zone is another
    Files.writeString(file, json(new Peer("10.0.0.2", 29998, "b")));
    assertThat(next()).extracting(Peer::zone).containsExactly("b");
  }

  @Test
  void followsTheLinkThatKubeletSwaps() throws Exception {
    // Given a ConfigMap as kubelet mounts it
    publish("..2026_01_01", json(ONE));
    Files.createSymbolicLink(file, Path.of("..data/roster.json"));
    start();
    assertThat(next()).containsExactly(ONE);

    // When it is swapped, twice, and the old one removed
    publish("..2026_01_02", json(ONE, TWO));
    remove("..2026_01_01");
    assertThat(next()).containsExactly(ONE, TWO);
    publish("..2026_01_03", json(TWO));
    remove("..2026_01_02");

    // Then
    assertThat(next()).containsExactly(TWO);
  }

  @Test
  void keepsTheLastGoodOne() throws Exception {
    // Given
    Files.writeString(file, json(ONE, TWO));
    start();
    assertThat(next()).containsExactly(ONE, TWO);

    // When it is broken, empty, without nodes, too long, or gone
    Files.writeString(file, "{\"version\":1,\"nodes\":[{");
    awaitFault("line 1, column");
    Files.writeString(file, "");
    awaitFault("empty");
    Files.writeString(file, "{\"version\":1,\"nodes\":[]}");
    awaitFault("no nodes");
    Files.writeString(file, " ".repeat(RosterFile.MAX_BYTES) + json(ONE));
    awaitFault("longer than 1048576 bytes");
    Files.delete(file);
    awaitFault("missing");

    // Then it stays, and nothing is told until there is a good one again
    assertThat(roster.members()).containsExactly(ONE, TWO);
    assertThat(told).isEmpty();
    Files.writeString(file, json(TWO));
    assertThat(next()).containsExactly(TWO);
    awaitFault("");
  }

  @Test
  void endsItsThread() throws Exception {
    // Given
    Files.writeString(file, json(ONE));
    start();
    next();

    // When
    roster.close();

    // Then
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().equals("roster"))) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  private void start() {
    roster = new FileRoster(file);
    roster.start(told::add);
  }

  private Set<Peer> next() throws InterruptedException {
    Set<Peer> next = told.poll(10, TimeUnit.SECONDS);
    assertThat(next).describedAs("told within 10 s").isNotNull();
    return next;
  }

  private void awaitFault(String fault) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (fault.isEmpty() ? !roster.fault().isEmpty() : !roster.fault().contains(fault)) {
      assertThat(System.nanoTime())
          .describedAs("fault '%s', not '%s' within 10 s", roster.fault(), fault)
          .isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  private void publish(String version, String json) throws IOException {
    Path data = Files.createDirectory(folder.resolve(version));
    Files.writeString(data.resolve("roster.json"), json);
    Path link = Files.createSymbolicLink(folder.resolve("..data_tmp"), Path.of(version));
    Files.move(link, folder.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
  }

  private void remove(String version) throws IOException {
    Files.delete(folder.resolve(version).resolve("roster.json"));
    Files.delete(folder.resolve(version));
  }

  private static String json(Peer... peers) {
    StringBuilder json = new StringBuilder("{\"version\":1,\"nodes\":[");
    for (Peer peer : peers) {
      json.append(json.charAt(json.length() - 1) == '[' ? "" : ",")
          .append("{\"ip\":\"%s\",\"zone\":\"%s\"}".formatted(peer.host(), peer.zone()));
    }
    return json.append("]}").toString();
  }
}
