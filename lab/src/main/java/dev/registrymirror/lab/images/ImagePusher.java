package dev.registrymirror.lab.images;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.machine.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarFile;

/** Makes images and pushes them to a registry. */
public final class ImagePusher {

  /** The media type of what {@link #hugeManifest} gives. */
  public static final String MANIFEST_TYPE = ImageJson.MANIFEST;

  private final String registryName;
  private final RegistryClient registry;

  /**
   * @param registryName what references call it
   * @param address where it is: {@code http://198.18.0.2:5000}
   */
  public ImagePusher(String registryName, URI address) {
    this.registryName = registryName;
    this.registry = new RegistryClient(address);
  }

  /** Where the registry is. */
  public URI address() {
    return registry.address();
  }

  /** One platform's part of an image. */
  private record Built(Descriptor manifest, Descriptor config, List<Digest> layers, long bytes) {}

  /** Makes and pushes what {@code recipe} says. */
  public Image push(ImageRecipe recipe) {
    List<Built> platforms = new ArrayList<>();
    for (int platform = 0; platform < recipe.platforms().size(); platform++) {
      platforms.add(pushPlatform(recipe, platform));
    }
    List<Descriptor> manifests = platforms.stream().map(Built::manifest).toList();
    Descriptor top = manifests.size() == 1 ? manifests.getFirst() : pushIndex(recipe, manifests);
    List<Digest> all = new ArrayList<>(manifests.stream().map(Descriptor::digest).toList());
    Built first = platforms.getFirst();
    List<Digest> blobs = new ArrayList<>(first.layers());
    blobs.addAll(List.of(first.config().digest(), first.manifest().digest()));
    long bytes = first.bytes();
    if (manifests.size() > 1) {
      all.add(top.digest());
      blobs.add(top.digest());
      bytes += top.size();
    }
    return new Image(
        registryName,
        recipe.repository(),
        recipe.tag(),
        top.digest(),
        all,
        first.layers(),
        blobs,
        bytes);
  }

  /**
   * Pushes the one image in an archive, as {@code docker save} writes it or of an OCI layout.
   *
   * @param name repository and tag: {@code app:1}
   * @return the reference to pull it by
   */
  public String pushArchive(Path skopeo, Path archive, String name) {
    Command.run(
        skopeo.toString(),
        "--insecure-policy",
        "copy",
        "--dest-tls-verify=false",
        (isLayout(archive) ? "oci-archive:" : "docker-archive:") + archive,
        "docker://" + address().getAuthority() + "/" + name);
    return registryName + "/" + name;
  }

  private static boolean isLayout(Path archive) {
    try (TarFile tar = new TarFile(archive)) {
      return tar.getEntries().stream().anyMatch(entry -> entry.getName().equals("oci-layout"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Built pushPlatform(ImageRecipe recipe, int platform) {
    List<Descriptor> layers = new ArrayList<>();
    List<Digest> diffIds = new ArrayList<>();
    for (int layer = 0; layer < recipe.layerBytes().size(); layer++) {
      long seed = recipe.seed() * 31 + platform * 1_000L + layer;
      RandomLayer content = new RandomLayer("layer-" + layer, recipe.layerBytes().get(layer), seed);
      layers.add(pushLayer(recipe.repository(), content, diffIds));
    }
    Descriptor config =
        pushBytes(
            recipe.repository(),
            ImageJson.CONFIG,
            ImageJson.config(recipe.platforms().get(platform), diffIds));
    byte[] manifest = ImageJson.manifest(config, layers, 0);
    Digest digest = Hashing.of(manifest);
    boolean alone = recipe.platforms().size() == 1;
    registry.pushManifest(
        recipe.repository(),
        alone ? recipe.tag() : digest.toString(),
        ImageJson.MANIFEST,
        manifest);
    long bytes =
        manifest.length + config.size() + layers.stream().mapToLong(Descriptor::size).sum();
    return new Built(
        new Descriptor(ImageJson.MANIFEST, digest, manifest.length),
        config,
        layers.stream().map(Descriptor::digest).toList(),
        bytes);
  }

  private Descriptor pushIndex(ImageRecipe recipe, List<Descriptor> manifests) {
    byte[] index = ImageJson.index(recipe.platforms(), manifests);
    registry.pushManifest(recipe.repository(), recipe.tag(), ImageJson.INDEX, index);
    return new Descriptor(ImageJson.INDEX, Hashing.of(index), index.length);
  }

  private Descriptor pushLayer(String repository, RandomLayer layer, List<Digest> diffIds) {
    long[] size = new long[1];
    Digest digest =
        registry.pushBlob(
            repository,
            out -> {
              Hashing compressed = new Hashing(out);
              Hashing plain = new Hashing(RandomLayer.gzip(compressed));
              layer.writeTo(plain);
              diffIds.add(plain.digest());
              size[0] = compressed.count();
              return compressed.digest();
            });
    return new Descriptor(RandomLayer.MEDIA_TYPE, digest, size[0]);
  }

  private Descriptor pushBytes(String repository, String mediaType, byte[] bytes) {
    Digest digest =
        registry.pushBlob(
            repository,
            out -> {
              out.write(bytes);
              return Hashing.of(bytes);
            });
    return new Descriptor(mediaType, digest, bytes.length);
  }

  /**
   * A manifest of {@code bytes} bytes or a little more, for nothing in the registry: what it names
   * is not there.
   */
  public static String hugeManifest(int bytes) {
    Descriptor nothing = new Descriptor(ImageJson.CONFIG, Hashing.of(new byte[0]), 0);
    return new String(ImageJson.manifest(nothing, List.of(), bytes), StandardCharsets.UTF_8);
  }

  /** The SHA-256 digest of a document. */
  public static Digest digest(String document) {
    return Hashing.of(document.getBytes(StandardCharsets.UTF_8));
  }
}
