package dev.registrymirror.agent.tags;

import java.util.Locale;

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
   * Where containerd asks when nothing is configured: Docker's registry under its other name, a
   * registry on this machine without TLS, any other by https under its own name.
   */
  static UpstreamAddress usual(String registry) {
    String host = registry.toLowerCase(Locale.ROOT);
    if (host.equals("docker.io")) {
      return UpstreamAddress.of("https://registry-1.docker.io/v2");
    }
    return UpstreamAddress.of((isThisMachine(host) ? "http://" : "https://") + host + "/v2");
  }

  private static boolean isThisMachine(String host) {
    if (host.endsWith(":443")) {
      return false;
    }
    return host.equals("localhost")
        || host.startsWith("localhost:")
        || host.matches("127(\\.[0-9]{1,3}){3}(:[0-9]+)?")
        || host.startsWith("[::1]");
  }
}
