package dev.registrymirror.agent.store;

import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.oci.Tag;
import java.util.Optional;

/**
 * The name that an image has in a store: {@code docker.io/library/nginx:1.29}. containerd writes
 * names in full; CRI also names each image by its digest ({@code docker.io/library/nginx@sha256:…})
 * and by its configuration's ({@code sha256:…}).
 *
 * @param registry where it comes from
 * @param tag empty where it names a digest: then its tag, if it has one, was not looked up
 */
public record ImageName(String registry, Optional<Tag> tag) {

  /**
   * Reads a name; empty where it is not in full, as names that people give ({@code nginx}, {@code
   * 1.29}) leave open which registry they mean.
   */
  public static Optional<ImageName> tryParse(String name) {
    int slash = name.indexOf('/');
    if (slash < 0 || !isHost(name.substring(0, slash))) {
      return Optional.empty();
    }
    String registry = name.substring(0, slash);
    String path = name.substring(slash + 1);
    int at = path.indexOf('@');
    if (at >= 0) {
      return Optional.of(new ImageName(registry, Optional.empty()));
    }
    int colon = path.lastIndexOf(':');
    if (colon < 0) {
      return Optional.of(new ImageName(registry, Optional.empty()));
    }
    Optional<Tag> tag =
        Repository.tryOf(registry, path.substring(0, colon))
            .flatMap(repository -> Tag.tryOf(repository, path.substring(colon + 1)));
    return Optional.of(new ImageName(registry, tag));
  }

  /** What tells a registry from the first part of a repository's name, as for Docker. */
  private static boolean isHost(String text) {
    return (text.indexOf('.') >= 0 || text.indexOf(':') >= 0 || text.equals("localhost"))
        && Repository.isRegistry(text);
  }
}
