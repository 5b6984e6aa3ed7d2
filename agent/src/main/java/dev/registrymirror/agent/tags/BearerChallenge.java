package dev.registrymirror.agent.tags;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a registry sends those who have no token: {@code WWW-Authenticate: Bearer realm="…",
 * service="…"} (distribution's token authentication specification).
 *
 * @param realm the token service's address
 * @param service the registry's name there, empty where it was not said
 */
record BearerChallenge(URI realm, String service) {

  /** A longer header is no challenge that a registry sends. */
  static final int MAX_LENGTH = 4096;

  /** RFC 9110, 11.2: {@code name=token} or {@code name="quoted"}; possessive, so linear. */
  private static final Pattern PARAMETER =
      Pattern.compile("([A-Za-z0-9_-]++)\\s*+=\\s*+(?:\"((?:[^\"\\\\]|\\\\.)*+)\"|([^\\s,\"]++))");

  /** The first usable Bearer challenge among the headers of that name. */
  static Optional<BearerChallenge> in(List<String> headers) {
    for (String header : headers) {
      String text = header.strip();
      if (text.length() > MAX_LENGTH || !text.toLowerCase(Locale.ROOT).startsWith("bearer ")) {
        continue;
      }
      Map<String, String> parameters = new HashMap<>();
      Matcher matcher = PARAMETER.matcher(text).region("bearer ".length(), text.length());
      while (matcher.find()) {
        String quoted = matcher.group(2);
        parameters.putIfAbsent(
            matcher.group(1).toLowerCase(Locale.ROOT),
            quoted == null ? matcher.group(3) : quoted.replaceAll("\\\\(.)", "$1"));
      }
      Optional<URI> realm = address(parameters.get("realm"));
      if (realm.isPresent()) {
        return Optional.of(
            new BearerChallenge(realm.get(), parameters.getOrDefault("service", "")));
      }
    }
    return Optional.empty();
  }

  private static Optional<URI> address(String text) {
    if (text == null) {
      return Optional.empty();
    }
    try {
      URI uri = URI.create(text);
      return uri.getHost() == null ? Optional.empty() : Optional.of(uri);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /**
   * What to GET for an anonymous token that may read {@code name}. The scope is ours, not the
   * challenge's, so that a registry cannot have us ask for more.
   */
  URI tokenRequest(String name) {
    StringBuilder query = new StringBuilder();
    if (realm.getRawQuery() != null) {
      query.append(realm.getRawQuery()).append('&');
    }
    if (!service.isEmpty()) {
      query.append("service=").append(encode(service)).append('&');
    }
    query.append("scope=").append(encode("repository:" + name + ":pull"));
    String path = realm.getRawPath() == null ? "" : realm.getRawPath();
    return URI.create(realm.getScheme() + "://" + realm.getRawAuthority() + path + "?" + query);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
