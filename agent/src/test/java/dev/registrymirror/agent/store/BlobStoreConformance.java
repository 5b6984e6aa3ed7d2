package dev.registrymirror.agent.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.oci.Tag;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link BlobStore} must do. A kind of store passes it by giving the hooks below, with
 * the tools that fill such a store in the field.
 */
public abstract class BlobStoreConformance {

  /** From the commit or the removal to the listener. */
  protected static final Duration BOUND = Duration.ofMillis(250);

  /** Files are stamped with a tick of the kernel's, containerd reads the clock itself. */
  private static final Duration CLOCKS = Duration.ofMillis(20);

  /** Where no promise is made but that it happens. */
  protected static final Duration PATIENCE = Duration.ofSeconds(20);

  protected static final String NGINX = "docker.io/library/nginx:1.29";
  protected static final Tag NGINX_TAG =
      new Tag(new Repository("docker.io", "library/nginx"), "1.29");

  protected final Recorder recorder = new Recorder();
  private BlobStore store;

  /** A store over the folder, not started. */
  protected abstract BlobStore open() throws Exception;

  /** Adds the image under that name; returns when its last blob is committed. */
  protected abstract void add(String name, TestImage image) throws Exception;

  /** Gives an image one more name, or moves a name to it. */
  protected abstract void tag(String existing, String name, TestImage image) throws Exception;

  /** Removes the name, and the blobs of the image where it was its last. */
  protected abstract void remove(String name, TestImage image) throws Exception;

  /** The folder that holds {@code blobs/}. */
  protected abstract Path root();

  /** Empties the store and makes it anew, as a node's administrator would. */
  protected abstract void wipe() throws Exception;

  @AfterEach
  void closeStore() {
    if (store != null) {
      store.close();
    }
  }

  protected final BlobStore started() throws Exception {
    store = open();
    store.start(recorder);
    return store;
  }

  protected final BlobStore ready() throws Exception {
    started();
    try {
      recorder.await("reachable", PATIENCE, () -> store.health().reachable());
    } catch (AssertionError e) {
      throw new AssertionError(store.health().detail(), e);
    }
    return store;
  }

  protected final void awaitHeld(TestImage image, Duration bound) {
    recorder.await(
        "all blobs are held", bound, () -> recorder.held().containsAll(image.blobs().keySet()));
  }

  private Path file(Digest digest) {
    return root().resolve("blobs").resolve(digest.algorithm().id()).resolve(digest.hex());
  }

  /** Commits a blob as both kinds of store see it: written aside, then renamed. */
  private Digest commit(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Digest digest = TestImage.digest(bytes);
    Files.createDirectories(file(digest).getParent());
    Path aside = Files.createTempFile(root(), "aside", "");
    Files.write(aside, bytes);
    Files.move(aside, file(digest), StandardCopyOption.ATOMIC_MOVE);
    return digest;
  }

  @Test
  void tellsOfWhatWasThereBeforeItStarted() throws Exception {
    TestImage image = TestImage.of(1, 100_000);
    add(NGINX, image);

    BlobStore store = started();

    awaitHeld(image, PATIENCE);
    recorder.await(
        "tagged", PATIENCE, () -> image.manifest().equals(recorder.tags().get(NGINX_TAG)));
    for (Digest digest : image.blobs().keySet()) {
      Blob blob = store.find(digest).orElseThrow();
      assertThat(blob.digest()).isEqualTo(digest);
      assertThat(blob.size()).isEqualTo(image.blobs().get(digest).length);
      assertThat(blob.file()).hasBinaryContent(image.blobs().get(digest));
    }
    assertThat(store.resolve(NGINX_TAG)).contains(image.manifest());
  }

  @Test
  void tellsOfACommitWithinItsBound() throws Exception {
    BlobStore store = ready();

    for (int i = 0; i < 10; i++) {
      Digest digest = commit(("blob " + i));
      recorder.await("committed", BOUND, () -> recorder.holds(digest));
      assertThat(store.find(digest)).isPresent();
    }
  }

  @Test
  void tellsOfAnImageThatArrives() throws Exception {
    BlobStore store = ready();
    TestImage image = TestImage.of(2, 3 << 20);

    add(NGINX, image);

    awaitHeld(image, BOUND);
    recorder.await("tagged", PATIENCE, () -> recorder.tags().containsKey(NGINX_TAG));
    assertThat(store.resolve(NGINX_TAG)).contains(image.manifest());
  }

  @Test
  void tellsOfARemovalWithinItsBound() throws Exception {
    TestImage image = TestImage.of(3, 1000);
    add(NGINX, image);
    BlobStore store = ready();
    awaitHeld(image, PATIENCE);
    recorder.await("tagged", PATIENCE, () -> recorder.tags().containsKey(NGINX_TAG));

    remove(NGINX, image);

    recorder.await(
        "all are deleted", BOUND, () -> image.blobs().keySet().stream().noneMatch(recorder::holds));
    recorder.await("untagged", PATIENCE, () -> recorder.tags().isEmpty());
    assertThat(store.find(image.layer())).isEmpty();
    assertThat(store.manifestType(image.manifest())).isEmpty();
    assertThat(store.resolve(NGINX_TAG)).isEmpty();
  }

  @Test
  void followsATagThatMoves() throws Exception {
    TestImage before = TestImage.of(4, 1000);
    TestImage after = TestImage.of(5, 1000);
    add(NGINX, before);
    add("registry.lab:5000/a/b:v2", after);
    BlobStore store = ready();
    recorder.await(
        "tagged", PATIENCE, () -> before.manifest().equals(recorder.tags().get(NGINX_TAG)));

    tag("registry.lab:5000/a/b:v2", NGINX, after);

    recorder.await(
        "moved", PATIENCE, () -> after.manifest().equals(recorder.tags().get(NGINX_TAG)));
    assertThat(store.resolve(NGINX_TAG)).contains(after.manifest());
  }

  @Test
  void tellsWhenATagWasSeen() throws Exception {
    // Given a store that learnt of its image before the agent started
    TestImage before = TestImage.of(40, 1000);
    Instant added = Instant.now();
    add(NGINX, before);
    Instant afterwards = Instant.now();
    ready();
    recorder.await("tagged", PATIENCE, () -> recorder.tags().containsKey(NGINX_TAG));

    // Then the time is the image's, not the agent's
    Instant seen = recorder.seen(NGINX_TAG);
    assertThat(seen).isBetween(added.minus(CLOCKS), afterwards.plus(CLOCKS));

    // When another comes, nothing is seen anew; when the tag moves, it is
    TestImage after = TestImage.of(41, 1000);
    add("registry.lab:5000/a/b:v2", after);
    recorder.await("another tag", PATIENCE, () -> recorder.tags().size() == 2);
    assertThat(recorder.seen(NGINX_TAG)).isEqualTo(seen);
    tag("registry.lab:5000/a/b:v2", NGINX, after);
    recorder.await("seen anew", PATIENCE, () -> recorder.seen(NGINX_TAG).isAfter(seen));
  }

  @Test
  void namesEachRegistryOnce() throws Exception {
    TestImage image = TestImage.of(6, 1000);
    add(NGINX, image);
    ready();
    recorder.await("docker.io", PATIENCE, () -> recorder.registries().contains("docker.io"));

    tag(NGINX, "docker.io/library/nginx:latest", image);
    tag(NGINX, "registry.lab:5000/nginx:1", image);

    recorder.await(
        "registry.lab", PATIENCE, () -> recorder.registries().contains("registry.lab:5000"));
    assertThat(recorder.registries()).containsExactly("docker.io", "registry.lab:5000");
  }

  @Test
  void tellsManifestsFromOtherBlobs() throws Exception {
    BlobStore store = ready();
    TestImage image = TestImage.of(7, 1000);
    add(NGINX, image);
    awaitHeld(image, PATIENCE);
    Digest docker = commit("{\"mediaType\":\"%s\"}".formatted(Manifest.DOCKER_LIST));
    Digest shape = commit("{\"manifests\":[]}");
    Digest tooLarge =
        commit(
            "{\"mediaType\":\"%s\"}%s"
                .formatted(Manifest.OCI_INDEX, " ".repeat(BlobStore.MAX_MANIFEST_BYTES)));
    recorder.await("committed", PATIENCE, () -> recorder.holds(tooLarge));

    assertThat(store.manifestType(image.manifest())).contains(Manifest.OCI_MANIFEST);
    assertThat(store.manifestType(docker)).contains(Manifest.DOCKER_LIST);
    assertThat(store.manifestType(shape)).contains(Manifest.OCI_INDEX);
    assertThat(store.manifestType(tooLarge)).isEmpty();
    assertThat(store.manifestType(image.config())).isEmpty();
    assertThat(store.manifestType(image.layer())).isEmpty();
    assertThat(store.manifestType(TestImage.digest(new byte[] {1}))).isEmpty();
  }

  @Test
  void ignoresWhatIsNoDigest() throws Exception {
    BlobStore store = ready();
    Digest first = commit("first");
    Path folder = file(first).getParent();
    Digest folderDigest = TestImage.digest("a folder".getBytes(StandardCharsets.UTF_8));

    Files.writeString(folder.resolve("ABCD"), "x");
    Files.writeString(folder.resolve(first.hex() + ".tmp"), "x");
    Files.writeString(folder.resolve(first.hex().toUpperCase(Locale.ROOT)), "x");
    Files.createDirectory(folder.resolve(folderDigest.hex()));
    Digest last = commit("last");

    // A folder that has just come is scanned: what is in it is told of in any order.
    recorder.await("both", BOUND, () -> recorder.holds(first) && recorder.holds(last));
    assertThat(recorder.held()).containsExactlyInAnyOrder(first, last);
    assertThat(store.find(folderDigest)).isEmpty();
    Files.delete(folder.resolve(folderDigest.hex()));
  }

  @Test
  void withdrawsATruncatedBlob() throws Exception {
    BlobStore store = ready();
    TestImage image = TestImage.of(8, 100_000);
    add(NGINX, image);
    awaitHeld(image, PATIENCE);
    byte[] whole = image.blobs().get(image.layer());

    overwrite(image.layer(), Arrays.copyOf(whole, 5000));

    assertThat(store.find(image.layer())).isEmpty();
    recorder.await("withdrawn", BOUND, () -> !recorder.holds(image.layer()));

    overwrite(image.layer(), whole);

    recorder.await("held again", PATIENCE, () -> recorder.holds(image.layer()));
    assertThat(store.find(image.layer())).isPresent();
  }

  @Test
  void withdrawsACorruptBlobOnceItIsVerified() throws Exception {
    BlobStore store = ready();
    TestImage image = TestImage.of(9, 3 << 20);
    add(NGINX, image);
    awaitHeld(image, PATIENCE);
    byte[] corrupt = image.blobs().get(image.layer()).clone();
    corrupt[2_000_000] ^= 1;
    overwrite(image.layer(), corrupt);

    store.verify(image.layer());
    store.verify(image.config());

    recorder.await("withdrawn", PATIENCE, () -> !recorder.holds(image.layer()));
    assertThat(store.find(image.layer())).isEmpty();
    assertThat(store.find(image.config())).isPresent();
    assertThat(recorder.deletions()).isEqualTo(1);

    overwrite(image.layer(), image.blobs().get(image.layer()));
    recorder.await("held again", PATIENCE, () -> recorder.holds(image.layer()));
  }

  /** As a failing disk does: in place, whatever the file's permissions. */
  private void overwrite(Digest digest, byte[] bytes) throws IOException {
    file(digest).toFile().setWritable(true);
    try (FileChannel channel = FileChannel.open(file(digest), StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes));
      channel.truncate(bytes.length);
    }
  }

  @Test
  void followsAStoreThatIsWipedAndMadeAnew() throws Exception {
    BlobStore store = ready();
    TestImage image = TestImage.of(10, 1000);
    add(NGINX, image);
    awaitHeld(image, PATIENCE);

    wipe();

    recorder.await("nothing is held", PATIENCE, () -> recorder.held().isEmpty());
    recorder.await("no tags", PATIENCE, () -> recorder.tags().isEmpty());
    TestImage other = TestImage.of(11, 1000);
    add(NGINX, other);
    awaitHeld(other, PATIENCE);
    recorder.await("tagged", PATIENCE, () -> store.resolve(NGINX_TAG).isPresent());
    Digest late = commit("late");
    recorder.await("watched anew", BOUND, () -> recorder.holds(late));
  }

  @Test
  void missesNothingOfThousands() throws Exception {
    ready();
    Set<Digest> expected = new HashSet<>();
    List<Digest> committed = new ArrayList<>();

    for (int i = 0; i < 5000; i++) {
      Digest digest = commit(("many " + i));
      committed.add(digest);
      expected.add(digest);
      if (i % 3 == 0) {
        Digest gone = committed.get(i / 2);
        Files.deleteIfExists(file(gone));
        expected.remove(gone);
      }
    }

    recorder.await("all of them and no other", PATIENCE, () -> recorder.held().equals(expected));
    for (Digest digest : expected) {
      Files.delete(file(digest));
    }
    recorder.await("none", PATIENCE, () -> recorder.held().isEmpty());
  }

  @Test
  void callsItsListenerFromOneThread() throws Exception {
    ready();
    TestImage image = TestImage.of(12, 1000);
    add(NGINX, image);
    awaitHeld(image, PATIENCE);
    recorder.await("tagged", PATIENCE, () -> recorder.tags().containsKey(NGINX_TAG));

    assertThat(recorder.threads()).hasSize(1).doesNotContain(Thread.currentThread());
  }

  @Test
  void endsItsThreads() throws Exception {
    BlobStore store = ready();
    commit("a");
    recorder.await("committed", BOUND, () -> !recorder.threads().isEmpty());

    store.close();

    recorder.await(
        "no thread of a store is left",
        PATIENCE,
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("store")));
  }
}
