package dev.registrymirror.agent.store.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.Blob;
import dev.registrymirror.agent.store.Recorder;
import dev.registrymirror.agent.store.StoreThread;
import dev.registrymirror.agent.store.TestImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArrivalsTest {

  private static final Duration BOUND = Duration.ofSeconds(4);
  private static final int LARGE = (int) Arrivals.MAX_EMBEDDED + 1;

  @TempDir Path folder;
  private final StoreThread thread = new StoreThread("test");
  private final Recorder recorder = new Recorder();
  private final Map<Digest, Set<String>> labels = new ConcurrentHashMap<>();
  private final Arrivals arrivals = arrivals(Duration.ZERO);

  private Arrivals arrivals(Duration firstMoments) {
    return new Arrivals(thread, this::find, this::origins, firstMoments);
  }

  @AfterEach
  void end() {
    thread.close();
  }

  private Optional<Blob> find(Digest digest) throws IOException {
    Path file = folder.resolve(digest.hex());
    return Files.exists(file)
        ? Optional.of(new Blob(digest, file, Files.size(file)))
        : Optional.empty();
  }

  private void origins(Collection<Digest> blobs, Consumer<Map<Digest, Set<String>>> answer) {
    Map<Digest, Set<String>> found = new HashMap<>(labels);
    found.keySet().retainAll(Set.copyOf(blobs));
    thread.execute(() -> answer.accept(found));
  }

  /** A pull's blobs in its order, with a registry, or an import's without. */
  private void commit(Arrivals to, TestImage image, String registry) throws IOException {
    for (Digest digest : List.of(image.manifest(), image.config(), image.layer())) {
      Files.write(folder.resolve(digest.hex()), image.blobs().get(digest));
      if (!registry.isEmpty()) {
        labels.put(digest, Set.of(registry));
      }
      thread.execute(() -> to.committed(digest, recorder));
    }
  }

  /** Once this is told, all that came before it has been settled: it is looked at last. */
  private void assertOnly(Arrivals in, String... registries) throws Exception {
    // Imports are looked at more than once, so that they are settled in the round of the second.
    for (int i = 0; i < Arrivals.LOOKS; i++) {
      int before = recorder.unasked().size();
      commit(in, TestImage.of(900 + i, LARGE), "last.example.com");
      recorder.await("the last is told", BOUND, () -> recorder.unasked().size() > before);
    }
    assertThat(recorder.unasked())
        .filteredOn(told -> !told.contains("last.example.com"))
        .isEqualTo(Arrays.stream(registries).map(Set::of).toList());
  }

  private void listed(Set<Digest> missing) {
    thread.execute(() -> arrivals.missing(missing));
  }

  @Test
  void anImageThatWasNotAskedForIsToldOnce() throws Exception {
    listed(Set.of());
    commit(arrivals, TestImage.of(1, LARGE), "docker.io");

    recorder.await("told", BOUND, () -> !recorder.unasked().isEmpty());
    assertOnly(arrivals, "docker.io");
  }

  @Test
  void nothingIsToldBeforeTheContentIsListed() throws Exception {
    TestImage image = TestImage.of(2, LARGE);
    commit(arrivals, image, "docker.io");

    // It belongs to an image that was there in part.
    listed(Set.of(image.manifest()));

    assertOnly(arrivals);
  }

  @Test
  void anImportIsNotTold() throws Exception {
    listed(Set.of());
    commit(arrivals, TestImage.of(3, LARGE), "");

    assertOnly(arrivals);
  }

  @Test
  void whatWasAskedForIsNotTold() throws Exception {
    listed(Set.of());
    TestImage image = TestImage.of(4, LARGE);
    image.blobs().keySet().forEach(recorder::ask);
    commit(arrivals, image, "docker.io");

    assertOnly(arrivals);
  }

  @Test
  void aSmallBlobOfAnAskedImageMayHaveComeWithItsDescriptor() throws Exception {
    listed(Set.of());
    TestImage image = TestImage.of(5, 100);
    recorder.ask(image.manifest());
    commit(arrivals, image, "docker.io");

    assertOnly(arrivals);
  }

  @Test
  void aLargeBlobOfAnAskedImageIsTold() throws Exception {
    listed(Set.of());
    TestImage image = TestImage.of(6, LARGE);
    recorder.ask(image.manifest());
    commit(arrivals, image, "docker.io");

    assertOnly(arrivals, "docker.io");
  }

  @Test
  void whatWasThereBeforeIsNotTold() throws Exception {
    listed(Set.of());
    TestImage image = TestImage.of(7, LARGE);
    Path file = folder.resolve(image.manifest().hex());
    Files.write(file, image.blobs().get(image.manifest()));
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(60)));
    labels.put(image.manifest(), Set.of("docker.io"));
    thread.execute(() -> arrivals.committed(image.manifest(), recorder));

    assertOnly(arrivals);
  }

  @Test
  void whatBelongsToADownloadOfTheFirstMomentsIsNotTold() throws Exception {
    // Given a manifest that is being downloaded when the agent begins
    Arrivals early = arrivals(Duration.ofSeconds(2));
    TestImage image = TestImage.of(8, LARGE);
    thread.execute(
        () -> {
          early.downloading(Set.of(image.manifest()));
          early.missing(Set.of());
        });

    // When it comes after them, and then what it lists
    CountDownLatch over = new CountDownLatch(1);
    thread.after(Duration.ofSeconds(2), over::countDown);
    over.await();
    commit(early, image, "docker.io");

    // Then
    assertOnly(early);
  }
}
