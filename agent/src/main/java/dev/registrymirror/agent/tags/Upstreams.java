package dev.registrymirror.agent.tags;

import java.net.URI;

/** Where registries are asked: what the node's hosts configuration says, or the usual place. */
@FunctionalInterface
public interface Upstreams {

  /**
   * Where {@code registry} is asked. Called for each probe from a thread that may read files.
   *
   * @param registry as in containerd's {@code ns}: {@code docker.io}, {@code localhost:5000}
   */
  UpstreamAddress lookup(String registry);

  /**
   * Where containerd asks when nothing is configured ({@code ConfigureHosts}): Docker's registry
   * under its other name, one on this machine without TLS unless its port is 443, any other by
   * https under its own name.
   */
  static UpstreamAddress usual(String registry) {
    if (registry.equals("docker.io")) {
      return UpstreamAddress.of("https://registry-1.docker.io/v2");
    }
    URI https = URI.create("https://" + registry + "/v2");
    boolean clear =
        isThisMachine(https.getHost()) && https.getPort() >= 0 && https.getPort() != 443;
    return clear
        ? UpstreamAddress.of("http://" + registry + "/v2")
        : UpstreamAddress.of(https.toString());
  }

  private static boolean isThisMachine(String host) {
    return host != null
        && (host.equals("localhost")
            || host.equals("[::1]")
            || host.matches("127(\\.[0-9]{1,3}){3}"));
  }
}
