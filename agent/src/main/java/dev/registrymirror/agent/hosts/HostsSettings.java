package dev.registrymirror.agent.hosts;

import dev.registrymirror.agent.credentials.Credential;
import dev.registrymirror.agent.oci.Repository;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is written into a node's hosts configuration.
 *
 * @param mirrors the agents that this node's containerd asks, in order; at least one; see {@link
 *     #mirror}
 * @param registries those mirrored; none: all of them
 * @param tags who answers for tags
 * @param credential what containerd shows the mirrors; empty where they ask for none
 */
public record HostsSettings(
    List<URI> mirrors, List<String> registries, TagPolicy tags, Optional<Credential> credential) {

  /** containerd asks every host of a list for everything that is missing. */
  public static final int MAX_MIRRORS = 8;

  /** More files than this in one directory are a mistake. */
  public static final int MAX_REGISTRIES = 512;

  /** {@code http://fd00::1:29999}, as an address and a port joined by a template come. */
  private static final Pattern BARE_IPV6 =
      Pattern.compile("(https?://)([0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F.]*):([0-9]{1,5})");

  /**
   * @throws IllegalArgumentException where a value is out of its bounds or a registry's name is
   *     malformed; the message names it
   */
  public HostsSettings {
    mirrors = mirrors.stream().map(mirror -> mirror(mirror.toString())).distinct().toList();
    registries = registries.stream().distinct().toList();
    if (mirrors.isEmpty() || mirrors.size() > MAX_MIRRORS) {
      throw new IllegalArgumentException(mirrors.size() + " mirrors, expected 1 to " + MAX_MIRRORS);
    }
    for (String registry : registries) {
      if (!Repository.isRegistry(registry)) {
        throw new IllegalArgumentException(
            "not a registry: " + registry + " (expected a host with an optional port)");
      }
    }
    if (registries.size() > MAX_REGISTRIES) {
      throw new IllegalArgumentException("more than " + MAX_REGISTRIES + " registries");
    }
  }

  /**
   * The address of a mirror: {@code http://10.0.0.11:29999}. An IPv6 address without brackets, as a
   * template that joins address and port writes it, is bracketed.
   *
   * @throws IllegalArgumentException where it is no such address
   */
  public static URI mirror(String text) {
    Matcher bare = BARE_IPV6.matcher(text);
    String bracketed = bare.matches() ? bare.replaceFirst("$1[$2]:$3") : text;
    try {
      URI uri = new URI(bracketed);
      boolean plain =
          uri.getHost() != null
              && uri.getScheme() != null
              && (uri.getScheme().equals("http") || uri.getScheme().equals("https"))
              && uri.getUserInfo() == null
              && uri.getRawQuery() == null
              && uri.getRawFragment() == null
              && (uri.getRawPath().isEmpty() || uri.getRawPath().equals("/"));
      if (plain) {
        return new URI(uri.getScheme(), null, uri.getHost(), uri.getPort(), null, null, null);
      }
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(notMirror(text), e);
    }
    throw new IllegalArgumentException(notMirror(text));
  }

  private static String notMirror(String text) {
    return "not a mirror's address: " + text + " (expected http://IP:PORT)";
  }

  /** Whether all registries are mirrored, through containerd's {@code _default}. */
  boolean isDefault() {
    return registries.isEmpty();
  }
}
