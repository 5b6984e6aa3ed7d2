package dev.registrymirror.agent.store.layout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.store.BlobStoreConformance;
import dev.registrymirror.agent.store.Manifest;
import dev.registrymirror.agent.store.TestImage;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayoutStoreTest extends BlobStoreConformance {

  @TempDir Path temp;
  private final Map<String, TestImage> images = new HashMap<>();

  @BeforeEach
  void makeLayout() throws IOException {
    makeAnew();
  }

  private void makeAnew() throws IOException {
    Files.createDirectories(root().resolve("blobs/sha256"));
    writeIndex();
  }

  @Override
  protected BlobStore open() {
    return new LayoutStore(root());
  }

  @Override
  protected Path root() {
    return temp.resolve("some/where/layout");
  }

  @Override
  protected void add(String name, TestImage image) throws IOException {
    for (Map.Entry<Digest, byte[]> blob : image.blobs().entrySet()) {
      Files.write(file(blob.getKey()), blob.getValue());
    }
    images.put(name, image);
    writeIndex();
  }

  @Override
  protected void tag(String existing, String name, TestImage image) throws IOException {
    images.put(name, image);
    writeIndex();
  }

  @Override
  protected void remove(String name, TestImage image) throws IOException {
    images.remove(name);
    writeIndex();
    for (Digest digest : image.blobs().keySet()) {
      Files.delete(file(digest));
    }
  }

  @Override
  protected void wipe() throws IOException {
    images.clear();
    deleteLayout();
    makeAnew();
  }

  private void deleteLayout() throws IOException {
    try (Stream<Path> files = Files.walk(root())) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private Path file(Digest digest) {
    return root().resolve("blobs/sha256").resolve(digest.hex());
  }

  private void writeIndex() throws IOException {
    String manifests =
        images.entrySet().stream()
            .map(
                image ->
                    """
                    {"mediaType":"%s","digest":"%s","size":%d,"annotations":{"%s":"%s"}}\
                    """
                        .formatted(
                            Manifest.OCI_MANIFEST,
                            image.getValue().manifest(),
                            image.getValue().manifestSize(),
                            image.getKey().startsWith("docker.io")
                                ? LayoutStore.IMAGE_NAME
                                : LayoutStore.REF_NAME,
                            image.getKey()))
            .collect(Collectors.joining(","));
    Path aside = temp.resolve("index.aside");
    Files.writeString(aside, "{\"schemaVersion\":2,\"manifests\":[" + manifests + "]}");
    Files.move(aside, root().resolve(LayoutStore.INDEX), StandardCopyOption.REPLACE_EXISTING);
  }

  @Test
  void waitsForAFolderThatComesLater() throws Exception {
    deleteLayout();
    Files.delete(root().getParent());
    Files.delete(root().getParent().getParent());
    BlobStore store = started();
    assertThat(store.health().reachable()).isFalse();
    assertThat(store.health().detail()).contains(root().toString());

    makeAnew();
    TestImage image = TestImage.of(20, 1000);
    add(NGINX, image);

    awaitHeld(image, BOUND);
    recorder.await("reachable", BOUND, () -> store.health().reachable());
  }

  @Test
  void holdsNoFileThatIsStillBeingWritten() throws Exception {
    BlobStore store = ready();
    TestImage image = TestImage.of(21, 5 << 20);
    byte[] bytes = image.blobs().get(image.layer());

    // Given: a tool that writes in place, the descriptors after the blobs.
    try (OutputStream out = Files.newOutputStream(file(image.layer()))) {
      out.write(bytes, 0, 3 << 20);
      out.flush();
      TestImage sign = TestImage.of(22, 10);
      add("docker.io/library/sign:1", sign);
      awaitHeld(sign, PATIENCE);
      assertThat(recorder.holds(image.layer())).isFalse();
      assertThat(store.find(image.layer())).isEmpty();
      // When
      out.write(bytes, 3 << 20, bytes.length - (3 << 20));
    }

    // Then: its digest alone proves it.
    recorder.await("held", PATIENCE, () -> recorder.holds(image.layer()));
  }

  @Test
  void provesABlobWhoseDescriptorIsWrong() throws Exception {
    TestImage image = TestImage.of(23, 2 << 20);
    Files.writeString(
        root().resolve(LayoutStore.INDEX),
        "{\"manifests\":[{\"digest\":\"%s\",\"size\":7}]}".formatted(image.layer()));
    BlobStore store = ready();

    Files.write(file(image.layer()), image.blobs().get(image.layer()));

    recorder.await("held", PATIENCE, () -> recorder.holds(image.layer()));
    assertThat(store.find(image.layer()).orElseThrow().size()).isEqualTo(2 << 20);
  }

  @Test
  void keepsWhatItKnowsWhileTheIndexDoesNotParse() throws Exception {
    TestImage image = TestImage.of(24, 1000);
    add(NGINX, image);
    BlobStore store = ready();
    recorder.await("tagged", PATIENCE, () -> store.resolve(NGINX_TAG).isPresent());

    for (String bad : List.of("", "{\"manifests\":[{", "[]", "\0\0\0\1", "{\"manifests\":{}}x")) {
      try {
        Files.writeString(root().resolve(LayoutStore.INDEX), bad);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    Files.writeString(root().resolve(LayoutStore.INDEX), "{\"manifests\":[");
    recorder.await("reported", PATIENCE, () -> store.health().detail().contains("does not parse"));
    writeIndex();

    recorder.await("reachable", PATIENCE, () -> store.health().reachable());
    awaitHeld(image, PATIENCE);
    recorder.await("tagged", PATIENCE, () -> store.resolve(NGINX_TAG).isPresent());
  }
}
