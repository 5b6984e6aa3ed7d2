package dev.registrymirror.agent.oci;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A repository in a registry: {@code docker.io} and {@code library/nginx}.
 *
 * @param registry the host with an optional port, as in an image's reference and in containerd's
 *     {@code ns}; lower case
 * @param name the {@code <name>} of the distribution spec, at most 255 characters
 */
public record Repository(String registry, String name) {

  /** Grammar of {@code <name>}: OCI distribution spec, "Pulling manifests". */
  private static final Pattern NAME =
      Pattern.compile("[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*");

  /** A DNS name, an IPv4 or a bracketed IPv6 address, with an optional port. */
  private static final Pattern REGISTRY =
      Pattern.compile(
          "([a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\\[[0-9a-f:.]+])(:[0-9]{1,5})?");

  public static final int MAX_NAME_LENGTH = 255;

  public Repository {
    if (!isRegistry(registry)) {
      throw new IllegalArgumentException("not a registry: " + registry);
    }
    if (!isName(name)) {
      throw new IllegalArgumentException("not a repository's name: " + name);
    }
  }

  /** The repository, or empty where a part is malformed. */
  public static Optional<Repository> tryOf(String registry, String name) {
    return isRegistry(registry) && isName(name)
        ? Optional.of(new Repository(registry, name))
        : Optional.empty();
  }

  /** Whether {@code text} names a registry: a host with an optional port. */
  public static boolean isRegistry(String text) {
    return text.length() <= MAX_NAME_LENGTH && REGISTRY.matcher(text).matches();
  }

  /** Whether {@code text} is a {@code <name>} of the distribution spec. */
  public static boolean isName(String text) {
    return text.length() <= MAX_NAME_LENGTH && NAME.matcher(text).matches();
  }

  @Override
  public String toString() {
    return registry + "/" + name;
  }
}
