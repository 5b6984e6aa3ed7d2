package dev.registrymirror.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.BlobStore;
import dev.registrymirror.agent.store.BlobStoreConformance;
import dev.registrymirror.agent.store.TestImage;
import dev.registrymirror.agent.store.containerd.ContainerdStore;
import dev.registrymirror.lab.tools.Containerd;
import dev.registrymirror.lab.tools.Tools;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The store of the agent on each release of containerd, filled by its own {@code ctr}. */
@NeedsLab
@ParameterizedClass
@EnumSource(Containerd.class)
class ContainerdStoreTest extends BlobStoreConformance {

  private final Containerd release;

  @TempDir Path temp;
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private ContainerdProcess containerd;

  ContainerdStoreTest(Containerd release) {
    this.release = release;
  }

  @BeforeEach
  void startContainerd() throws Exception {
    containerd =
        new ContainerdProcess(
            Tools.prepare().containerd(release), release.configVersion(), temp.resolve("c"));
    containerd.start();
  }

  @AfterEach
  void stopContainerd() throws Exception {
    if (containerd != null) {
      containerd.stop();
    }
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
  }

  @Override
  protected BlobStore open() {
    return new ContainerdStore(group, containerd.socket(), "k8s.io", containerd.contentStore());
  }

  @Override
  protected Path root() {
    return containerd.contentStore();
  }

  @Override
  protected void add(String name, TestImage image) throws Exception {
    containerd.importImage(name, image);
  }

  @Override
  protected void tag(String existing, String name, TestImage image) throws Exception {
    containerd.ctr("images", "tag", "--force", existing, name);
  }

  @Override
  protected void remove(String name, TestImage image) throws Exception {
    containerd.ctr("images", "rm", "--sync", name);
  }

  @Override
  protected void wipe() throws Exception {
    containerd.stop();
    containerd.wipe();
    containerd.start();
  }

  @Test
  void servesWhileContainerdIsAwayAndReturnsWithIt() throws Exception {
    TestImage image = TestImage.of(30, 1000);
    add(NGINX, image);
    BlobStore store = ready();
    awaitHeld(image, PATIENCE);
    recorder.await("tagged", PATIENCE, () -> store.resolve(NGINX_TAG).isPresent());

    containerd.stop();

    recorder.await("noticed", PATIENCE, () -> !store.health().reachable());
    assertThat(store.health().detail()).contains(containerd.socket().toString());
    assertThat(store.find(image.layer())).isPresent();
    assertThat(store.resolve(NGINX_TAG)).isPresent();
    assertThat(recorder.deletions()).isZero();

    containerd.start();

    recorder.await("reachable", PATIENCE, () -> store.health().reachable());
    TestImage late = TestImage.of(31, 1000);
    add("docker.io/library/late:1", late);
    awaitHeld(late, BOUND);
    recorder.await("tagged", PATIENCE, () -> recorder.tags().size() == 2);
  }

  @Test
  void waitsForAContainerdThatComesLater() throws Exception {
    containerd.stop();
    containerd.wipe();
    Files.deleteIfExists(containerd.socket());
    Files.deleteIfExists(containerd.socket().resolveSibling("containerd.sock.ttrpc"));
    Files.delete(containerd.socket().getParent());
    BlobStore store = started();
    assertThat(store.health().reachable()).isFalse();

    containerd.start();

    recorder.await("reachable", PATIENCE, () -> store.health().reachable());
    TestImage image = TestImage.of(32, 1000);
    add(NGINX, image);
    awaitHeld(image, BOUND);
    recorder.await("tagged", PATIENCE, () -> store.resolve(NGINX_TAG).isPresent());
  }

  @Test
  void knowsTheLengthFromContainerd() throws Exception {
    // Given: a blob that was cut while no agent was there
    TestImage image = TestImage.of(33, 100_000);
    add(NGINX, image);
    Path layer = root().resolve("blobs/sha256").resolve(image.layer().hex());
    layer.toFile().setWritable(true);
    byte[] bytes = image.blobs().get(image.layer());
    Files.write(layer, Arrays.copyOf(bytes, 10));

    BlobStore store = ready();

    recorder.await("withdrawn", PATIENCE, () -> recorder.deletions() == 1);
    assertThat(store.find(image.layer())).isEmpty();
    assertThat(store.find(image.config())).isPresent();

    Files.write(layer, bytes);
    recorder.await("held again", PATIENCE, () -> recorder.holds(image.layer()));
  }

  @Test
  void saysThatTheFolderIsAnothersStore() throws Exception {
    add(NGINX, TestImage.of(34, 1000));
    Path other = Files.createDirectories(temp.resolve("other"));
    try (BlobStore store = new ContainerdStore(group, containerd.socket(), "k8s.io", other)) {
      store.start(recorder);
      recorder.await("said", PATIENCE, () -> store.health().detail().contains("--content-store"));
      assertThat(store.health().reachable()).isFalse();
    }
  }

  @Test
  void keepsUpWithManyImages() throws Exception {
    BlobStore store = ready();
    for (int i = 0; i < 30; i++) {
      TestImage image = TestImage.of(1000 + i, 1000);
      add("docker.io/library/many:" + i, image);
      for (Digest digest : image.blobs().keySet()) {
        recorder.await("held", BOUND, () -> recorder.holds(digest));
      }
    }
    recorder.await("tagged", PATIENCE, () -> recorder.tags().size() == 30);
    assertThat(recorder.registries()).containsExactly("docker.io");
    assertThat(store.health().detail()).isEmpty();
  }
}
