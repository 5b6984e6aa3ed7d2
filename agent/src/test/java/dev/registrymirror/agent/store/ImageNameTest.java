package dev.registrymirror.agent.store;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageNameTest {

  @ParameterizedTest
  @CsvSource({
    "docker.io/library/nginx:1.29, docker.io, library/nginx, 1.29",
    "registry.lab:5000/a:b, registry.lab:5000, a, b",
    "localhost/a/b/c:latest, localhost, a/b/c, latest",
    "[fd00::1]:5000/a:v1, [fd00::1]:5000, a, v1",
  })
  void readsATag(String name, String registry, String repository, String tag) {
    ImageName read = ImageName.tryParse(name).orElseThrow();

    assertThat(read.registry()).isEqualTo(registry);
    assertThat(read.tag().orElseThrow().repository().name()).isEqualTo(repository);
    assertThat(read.tag().orElseThrow().tag()).isEqualTo(tag);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "docker.io/library/nginx",
        "docker.io/library/nginx@sha256:abc",
        "docker.io/library/nginx:1.29@sha256:abc",
        "docker.io/library/nginx:",
        "docker.io/Upper:1",
        "docker.io/a:b:c",
        "docker.io/../a:1",
        "docker.io/a:-1",
      })
  void readsTheRegistryAloneWhereThereIsNoTag(String name) {
    ImageName read = ImageName.tryParse(name).orElseThrow();

    assertThat(read.registry()).isEqualTo("docker.io");
    assertThat(read.tag()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "/", "nginx:1.29", "1.29", "library/nginx:1", "sha256:abc", "Docker.io/a:1"})
  void leavesOutWhatIsNotInFull(String name) {
    assertThat(ImageName.tryParse(name)).isEmpty();
  }

  @Property
  void survivesAnyName(@ForAll String name) {
    assertThat(ImageName.tryParse(name)).isNotNull();
    assertThat(ImageName.tryParse("docker.io/" + name)).isPresent();
  }
}
