package dev.registrymirror.agent.tags;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/**
 * Where a registry itself is asked, and whom to trust there.
 *
 * <p>It holds no credential on purpose: client certificates and {@code header} entries of a
 * hosts.toml are containerd's, and the agent asks anonymously.
 *
 * @param api the root of the registry's API, without a slash at its end: {@code
 *     https://registry-1.docker.io/v2}; what hosts.toml says with {@code override_path} as it
 *     stands
 * @param caFiles PEM files of authorities trusted beside the JDK's own, as {@code ca} in hosts.toml
 * @param skipVerify whether any certificate is accepted, as {@code skip_verify} in hosts.toml
 */
public record UpstreamAddress(URI api, List<Path> caFiles, boolean skipVerify) {

  /**
   * @throws IllegalArgumentException where {@code api} is not an absolute http or https address
   */
  public UpstreamAddress {
    caFiles = List.copyOf(caFiles);
    String scheme = api.getScheme();
    if (api.getHost() == null || !("https".equals(scheme) || "http".equals(scheme))) {
      throw new IllegalArgumentException(
          "not an upstream's address: " + api + " (expected http(s)://host[:port]/v2)");
    }
  }

  /** The registry at {@code api}, trusted as the JDK trusts. */
  public static UpstreamAddress of(String api) {
    return new UpstreamAddress(URI.create(api), List.of(), false);
  }

  /** {@code <api>/<name>/manifests/<reference>}. */
  URI manifest(String name, String reference) {
    return URI.create(api + "/" + name + "/manifests/" + reference);
  }
}
