package dev.registrymirror.agent.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RouteTest {

  private static final String DIGEST = "sha256:" + "0123456789abcdef".repeat(4);
  private static final Repository NGINX = new Repository("docker.io", "library/nginx");

  @ParameterizedTest
  @ValueSource(strings = {"/v2/", "/v2", "/fallback/v2/", "/v2/?ns=docker.io"})
  void base(String uri) {
    assertThat(Route.of(uri)).isEqualTo(new Route.Base());
  }

  @Test
  void byDigest() {
    assertThat(Route.of("/v2/library/nginx/manifests/" + DIGEST + "?ns=docker.io"))
        .isEqualTo(new Route.ByDigest(false, NGINX, Kind.MANIFEST, Digest.parse(DIGEST)));
    assertThat(Route.of("/fallback/v2/library/nginx/blobs/" + DIGEST + "?ns=docker.io"))
        .isEqualTo(new Route.ByDigest(true, NGINX, Kind.BLOB, Digest.parse(DIGEST)));
  }

  @Test
  void byTag() {
    assertThat(Route.of("/v2/library/nginx/manifests/1.29?ns=docker.io"))
        .isEqualTo(new Route.ByTag(false, new Tag(NGINX, "1.29")));
  }

  @Test
  void registryIsDecoded() {
    Repository repository = new Repository("reg.example.com:8443", "app");

    assertThat(Route.of("/v2/app/manifests/1?ns=reg.example.com%3A8443"))
        .isEqualTo(new Route.ByTag(false, new Tag(repository, "1")));
  }

  @Test
  void namesOfRepositoriesMayLookLikeKinds() {
    Repository odd = new Repository("docker.io", "blobs/manifests");

    assertThat(Route.of("/v2/blobs/manifests/manifests/1?ns=docker.io"))
        .isEqualTo(new Route.ByTag(false, new Tag(odd, "1")));
  }

  @ParameterizedTest
  @CsvSource({
    "/, NAME_UNKNOWN",
    "/v1/x, NAME_UNKNOWN",
    "/v2/_catalog, NAME_UNKNOWN",
    "/v2/app/tags/list, NAME_UNKNOWN",
    "/v2//manifests/1, NAME_UNKNOWN",
    "/v2/manifests/1, NAME_UNKNOWN",
    "/v2/../etc/manifests/1, NAME_INVALID",
    "/v2/a%2Fb/manifests/1, NAME_INVALID",
    "/v2/%2e%2e/blobs/sha256:00, NAME_INVALID",
    "/v2/APP/manifests/1, NAME_INVALID",
    "/v2/a//b/manifests/1, NAME_INVALID",
    "/v2/app/manifests/1?ns=%zz, NAME_INVALID",
    "/v2/app/manifests/1?ns=a/b, NAME_INVALID",
    "/v2/app/manifests/1?ns=../x, NAME_INVALID",
    "/v2/app/manifests/1?ns=, NAME_INVALID",
    "/v2/app/manifests/1?ns=a&ns=b, NAME_INVALID",
    "/v2/app/manifests/.hidden, MANIFEST_INVALID",
    "/v2/app/manifests/%00, MANIFEST_INVALID",
    "/v2/app/manifests/, MANIFEST_INVALID",
    "/v2/app/manifests/sha256:zz, DIGEST_INVALID",
    "/v2/app/blobs/latest, DIGEST_INVALID",
    "/v2/app/blobs/md5:0123, DIGEST_INVALID",
  })
  void refuses(String uri, ErrorCode code) {
    assertThat(Route.of(uri)).isEqualTo(new Route.Invalid(code));
  }

  @Property
  void isTotal(@ForAll @StringLength(max = 300) String anything) {
    assertThat(Route.of(anything)).isNotNull();
    assertThat(Route.of("/v2/" + anything)).isNotNull();
    assertThat(Route.of("/v2/a/manifests/" + anything + "?ns=" + anything)).isNotNull();
  }
}
