package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.cri.PullFailed;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImagePusher;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.tools.Containerd;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What one node has, the others pull from it: each release of containerd on either side. */
@NeedsLab
class SharingTest {

  /** Manifests by tag, heads, and what belongs to connections. */
  private static final long LITTLE = 100_000;

  private static final Map<Containerd, Node> PROVIDERS = new EnumMap<>(Containerd.class);
  private static final Map<Containerd, Node> PULLERS = new EnumMap<>(Containerd.class);

  private static Lab lab;
  private static Node parallel;
  private static Node withoutAgent;

  @BeforeAll
  static void open() {
    lab = Lab.create();
    for (Containerd release : Containerd.values()) {
      PROVIDERS.put(release, lab.node("provider-" + lower(release), release));
      PULLERS.put(release, lab.node("puller-" + lower(release), release));
    }
    parallel = lab.node("parallel", NodeOptions.of(Containerd.V24).fetchLayersInParallel());
    lab.startAgents();
    withoutAgent = lab.node("without-agent", Containerd.V24);
  }

  private static String lower(Containerd release) {
    return release.name().toLowerCase(Locale.ROOT);
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @AfterEach
  void restore() {
    lab.upstream().restore();
    lab.upstream().forgetRequests();
  }

  static Stream<Arguments> pairs() {
    return Arrays.stream(Containerd.values())
        .flatMap(
            puller ->
                Arrays.stream(Containerd.values()).map(provider -> Arguments.of(puller, provider)));
  }

  @ParameterizedTest(name = "{0} from {1}")
  @MethodSource("pairs")
  void pullsFromAPeer(Containerd puller, Containerd provider) {
    // Given
    String name = lower(puller) + "-" + lower(provider);
    Image app = held(ImageRecipe.named(name + ":1").layers(3, 2 * MIB), PROVIDERS.get(provider));

    // When
    Pull pull = PULLERS.get(puller).pull(app.reference());

    // Then
    assertFromPeers(app, pull, PULLERS.get(puller));
    assertThat(lab.upstream().requests())
        .as("the tag is upstream's to resolve")
        .extracting(UpstreamRequest::method, UpstreamRequest::reference)
        .containsOnly(tuple("HEAD", app.tag()));
  }

  @ParameterizedTest
  @EnumSource(Containerd.class)
  void pullsByTagWhileUpstreamIsDown(Containerd puller) {
    Image app = held(ImageRecipe.named("down-tag-" + lower(puller) + ":1"), anyProvider());
    lab.upstream().refuseConnections();

    Pull pull = PULLERS.get(puller).pull(app.reference());

    assertFromPeers(app, pull, PULLERS.get(puller));
    assertThat(PULLERS.get(puller).images()).contains(app.reference());
  }

  @ParameterizedTest
  @EnumSource(Containerd.class)
  void pullsByDigestWhileUpstreamIsDown(Containerd puller) {
    Image app = held(ImageRecipe.named("down-digest-" + lower(puller) + ":1"), anyProvider());
    lab.upstream().refuseConnections();

    Pull pull = PULLERS.get(puller).pull(app.byDigest());

    assertFromPeers(app, pull, PULLERS.get(puller));
  }

  @ParameterizedTest
  @EnumSource(Containerd.class)
  void pullsByTagAndDigest(Containerd puller) {
    Image app = held(ImageRecipe.named("both-" + lower(puller) + ":1"), anyProvider());

    Pull pull = PULLERS.get(puller).pull(app.byTagAndDigest());

    assertFromPeers(app, pull, PULLERS.get(puller));
    assertThat(lab.upstream().requests()).extracting(UpstreamRequest::method).doesNotContain("GET");
  }

  @ParameterizedTest
  @EnumSource(Containerd.class)
  void pullsItsPlatformOfAnIndex(Containerd puller) {
    ImageRecipe recipe = ImageRecipe.named("index-" + lower(puller) + ":1");
    Image app = held(recipe.alsoFor("amd64", "arm64"), anyProvider());
    assertThat(app.manifests()).hasSize(3);

    Pull pull = PULLERS.get(puller).pull(app.reference());

    assertFromPeers(app, pull, PULLERS.get(puller));
    assertThat(lab.upstream().requests()).extracting(UpstreamRequest::method).doesNotContain("GET");
  }

  @Test
  void fetchesRangesOfALayerInParallel() {
    // Given: a layer of five chunks of 4 MiB.
    Image app = held(ImageRecipe.named("ranges:1").layers(1, 20 * MIB), anyProvider());

    // When
    Pull pull = parallel.pull(app.reference());

    // Then: each chunk was a request that a peer answered, as were manifest and config.
    assertFromPeers(app, pull, parallel);
    assertThat(blobsFromPeers(parallel)).isGreaterThanOrEqualTo(6);
  }

  private static long blobsFromPeers(Node node) {
    String counter =
        "registry_mirror_requests_total{kind=\"blob\",registry=\"registry.lab\",result=\"peer\"} ";
    return node.get(AgentMirror.METRICS_PORT, "/metrics")
        .lines()
        .filter(line -> line.startsWith(counter))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(counter.length())))
        .sum();
  }

  @ParameterizedTest
  @EnumSource(Containerd.class)
  void sharesWhatWasImportedFromAFile(Containerd importer, @TempDir Path directory) {
    // Given: an image that came to one node in a file, so that nothing says where it is from.
    Image app = lab.upstream().push(ImageRecipe.named("imported-" + lower(importer) + ":1"));
    Path archive = directory.resolve("app.tar");
    withoutAgent.pull(app.reference());
    withoutAgent.exportImage(app.reference(), archive);
    PROVIDERS.get(importer).importImages(archive);
    Providers.await(app, PROVIDERS.get(importer));
    lab.upstream().refuseConnections();

    // When
    Pull pull = PULLERS.get(importer).pull(app.reference());

    // Then
    assertFromPeers(app, pull, PULLERS.get(importer));
  }

  @ParameterizedTest
  @EnumSource(Containerd.class)
  void isUnharmedByAManifestOfTenMegabytes(Containerd puller) {
    // Given
    Node node = PULLERS.get(puller);
    String repository = "huge-" + lower(puller);
    String reference = lab.upstream().offerHugeManifest(repository, "1", 10_000_000);

    // When: containerd refuses it.
    assertThatThrownBy(() -> node.pull(reference)).isInstanceOf(PullFailed.class);

    // Then: the agent does not serve it, and the next pull is shared as ever.
    Digest digest = ImagePusher.digest(ImagePusher.hugeManifest(10_000_000));
    String path = "/v2/%s/manifests/%s?ns=%s".formatted(repository, digest, Upstream.REGISTRY);
    assertThatThrownBy(() -> node.get(AgentMirror.REGISTRY_PORT, path))
        .hasMessageContaining("answers 404");
    lab.upstream().restore();
    Image app = held(ImageRecipe.named("after-huge-" + lower(puller) + ":1"), anyProvider());
    assertFromPeers(app, node.pull(app.reference()), node);
  }

  private static Node anyProvider() {
    return PROVIDERS.get(Containerd.V24);
  }

  private static Image held(ImageRecipe recipe, Node provider) {
    Image image = lab.upstream().push(recipe);
    provider.pull(image.reference());
    Providers.await(image, provider);
    lab.upstream().forgetRequests();
    return image;
  }

  private static void assertFromPeers(Image app, Pull pull, Node puller) {
    assertThat(puller.images()).contains(app.byDigest());
    assertThat(app.blobs()).allMatch(puller::holds);
    assertThat(pull.bytesFromPeers()).isGreaterThan(app.bytes());
    assertThat(pull.bytesFromUpstream()).isLessThan(LITTLE);
  }
}
