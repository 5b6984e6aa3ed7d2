package dev.registrymirror.lab;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a lab is like.
 *
 * @param ipv6 addresses of that family in place of IPv4, everywhere in the lab
 * @param root where labs keep their directories; on a disk, for images lie there
 */
public record LabOptions(boolean ipv6, Path root) {

  /** IPv4, under {@code REGISTRY_MIRROR_LABS} or {@code /var/tmp}. */
  public static LabOptions defaults() {
    String root = Optional.ofNullable(System.getenv("REGISTRY_MIRROR_LABS")).orElse("/var/tmp");
    return new LabOptions(false, Path.of(root).toAbsolutePath());
  }

  public LabOptions withIpv6() {
    return new LabOptions(true, root);
  }
}
