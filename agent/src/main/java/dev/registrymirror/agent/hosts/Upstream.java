package dev.registrymirror.agent.hosts;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The registry itself, or what a node's own hosts.toml names in its place.
 *
 * @param url as hosts.toml has it: {@code https://registry-1.docker.io}
 * @param keys what hosts.toml says of it: ca, client, skip_verify, header, override_path,
 *     capabilities, dial_timeout
 */
record Upstream(String url, Map<String, Object> keys) {

  /** The keys of a file's root that speak of its {@code server}. */
  static final Set<String> KEYS =
      Set.of(
          "capabilities", "ca", "client", "skip_verify", "header", "override_path", "dial_timeout");

  /** Those among them that containerd overwrites where the root names no {@code server}. */
  private static final Set<String> ONLY_WITH_SERVER = Set.of("capabilities", "override_path");

  /** What a file's root says of the registry: its {@code server}, else the registry itself. */
  static Upstream of(String registry, Map<String, Object> root) {
    boolean named = root.get("server") instanceof String server && !server.isEmpty();
    Upstream upstream =
        named ? new Upstream((String) root.get("server"), Map.of()) : itself(registry);
    Map<String, Object> keys = new LinkedHashMap<>(upstream.keys);
    root.forEach(
        (key, value) -> {
          if (KEYS.contains(key) && (named || !ONLY_WITH_SERVER.contains(key))) {
            // containerd decides on a loopback registry's own verification, whatever the root says.
            if (!upstream.keys.containsKey(key)) {
              keys.put(key, value);
            }
          }
        });
    return new Upstream(upstream.url, keys);
  }

  /**
   * Where containerd goes for a registry without configuration ({@code ConfigureHosts}): a loopback
   * registry may speak HTTP, and its certificate is not verified.
   */
  private static Upstream itself(String registry) {
    if (registry.equals("docker.io")) {
      return new Upstream("https://registry-1.docker.io", Map.of());
    }
    URI uri = URI.create("https://" + registry);
    if (!isLoopback(uri.getHost())) {
      return new Upstream(uri.toString(), Map.of());
    }
    boolean https = uri.getPort() == -1 || uri.getPort() == 443;
    return new Upstream(
        (https ? "https://" : "http://") + registry,
        uri.getPort() == 80 ? Map.of() : Map.of("skip_verify", true));
  }

  private static boolean isLoopback(String host) {
    return host != null
        && (host.equals("localhost")
            || host.equals("[::1]")
            || host.matches("127(\\.\\d{1,3}){3}"));
  }

  /**
   * The root of its API as containerd makes it of the URL ({@code parseHostConfig}): with a scheme
   * and, unless {@code override_path} says otherwise, with {@code /v2} at its end.
   */
  String endpoint() {
    return endpoint(url, Boolean.TRUE.equals(keys.get("override_path")));
  }

  static String endpoint(String url, boolean overridePath) {
    String full = url.startsWith("http") ? url : "https://" + url;
    while (full.endsWith("/")) {
      full = full.substring(0, full.length() - 1);
    }
    return overridePath || full.endsWith("/v2") ? full : full + "/v2";
  }
}
