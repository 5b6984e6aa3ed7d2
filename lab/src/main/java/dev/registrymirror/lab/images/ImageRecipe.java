package dev.registrymirror.lab.images;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An image to be made: layers of random bytes, which no compression makes smaller.
 *
 * <p>The same recipe gives the same bytes, so the same digests, on every machine.
 *
 * @param name repository and tag: {@code app:1}
 * @param layerBytes the size of each layer's one file, in bytes
 * @param platforms architectures as OCI names them ({@code amd64}); more than one make an index,
 *     and each has layers of its own
 * @param seed tells apart what would else be the same bytes
 */
public record ImageRecipe(String name, List<Long> layerBytes, List<String> platforms, long seed) {

  /** One mebibyte, in bytes. */
  public static final long MIB = 1 << 20;

  public ImageRecipe {
    layerBytes = List.copyOf(layerBytes);
    platforms = List.copyOf(platforms);
    if (!name.matches("[a-z0-9/._-]+:[A-Za-z0-9._-]+")) {
      throw new IllegalArgumentException("not repository:tag: " + name);
    }
    if (layerBytes.isEmpty() || platforms.isEmpty()) {
      throw new IllegalArgumentException("an image has a layer and a platform at least");
    }
  }

  /** An image for this machine's architecture with two layers of 1 MiB. */
  public static ImageRecipe named(String name) {
    return new ImageRecipe(name, List.of(MIB, MIB), List.of(machine()), name.hashCode());
  }

  /** With {@code count} layers of that many bytes each, in place of the layers so far. */
  public ImageRecipe layers(int count, long bytesEach) {
    return new ImageRecipe(
        name, Stream.generate(() -> bytesEach).limit(count).toList(), platforms, seed);
  }

  /** With layers of those bytes, in place of the layers so far. */
  public ImageRecipe layers(Long... bytes) {
    return new ImageRecipe(name, List.of(bytes), platforms, seed);
  }

  /** As an index of this machine's platform and others. */
  public ImageRecipe alsoFor(String... others) {
    List<String> all =
        Stream.concat(Stream.of(machine()), Stream.of(others))
            .distinct()
            .collect(Collectors.toUnmodifiableList());
    return new ImageRecipe(name, layerBytes, all, seed);
  }

  /** Other bytes under the same name, as when a tag moves. */
  public ImageRecipe seed(long otherSeed) {
    return new ImageRecipe(name, layerBytes, platforms, otherSeed);
  }

  String repository() {
    return name.substring(0, name.indexOf(':'));
  }

  String tag() {
    return name.substring(name.indexOf(':') + 1);
  }

  /** This machine's architecture, as OCI names it. */
  static String machine() {
    return System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
  }
}
