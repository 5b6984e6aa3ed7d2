package dev.registrymirror.lab.images;

import dev.registrymirror.agent.oci.Digest;
import java.util.List;

/**
 * An image in the lab's registry.
 *
 * @param registry its name in references: {@code registry.lab}
 * @param repository {@code app}
 * @param tag {@code 1}
 * @param digest of the manifest, or of the index where there are several platforms
 * @param manifests all manifests: of each platform, and the index
 * @param layers those for this machine's architecture, in order
 * @param blobs all that a pull on this machine fetches: index, manifest, config and layers
 * @param bytes of all of {@code blobs} together
 */
public record Image(
    String registry,
    String repository,
    String tag,
    Digest digest,
    List<Digest> manifests,
    List<Digest> layers,
    List<Digest> blobs,
    long bytes) {

  public Image {
    manifests = List.copyOf(manifests);
    layers = List.copyOf(layers);
    blobs = List.copyOf(blobs);
  }

  /** {@code registry.lab/app:1}. */
  public String reference() {
    return registry + "/" + repository + ":" + tag;
  }

  /** {@code registry.lab/app@sha256:…}. */
  public String byDigest() {
    return registry + "/" + repository + "@" + digest;
  }

  /** {@code registry.lab/app:1@sha256:…}. */
  public String byTagAndDigest() {
    return reference() + "@" + digest;
  }
}
