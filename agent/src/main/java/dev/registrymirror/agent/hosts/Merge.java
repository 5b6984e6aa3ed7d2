package dev.registrymirror.agent.hosts;

import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Puts the mirror into a hosts.toml. The order decides, as containerd asks the hosts in the order
 * of the file and {@code server} last:
 *
 * <ol>
 *   <li>the mirrors, for digests;
 *   <li>the hosts that the file had;
 *   <li>upstream, where tags are resolved with containerd's own credentials;
 *   <li>the mirrors' {@code /fallback}, asked only when upstream has just failed.
 * </ol>
 */
final class Merge {

  /** containerd's name for the file of every registry that has none of its own. */
  static final String DEFAULT = "_default";

  static final String FALLBACK = "/fallback";

  /** Begins the comment that marks what this class wrote. */
  static final String MARK = "# Merged by registry-mirror: ";

  private static final String NOTE =
      MARK + "the original is kept by mirror-agent, and put back by its cleanup.";

  /** An agent that is gone must not hold up a pull; containerd before 2.1 waits for 30 s. */
  private static final String MIRROR_DIAL = "500ms";

  /** An upstream that drops packets must not hold up a pull that the mirror can serve. */
  private static final String UPSTREAM_DIAL = "3s";

  private static final List<String> PULL = List.of("pull");
  private static final List<String> PULL_AND_RESOLVE = List.of("pull", "resolve");
  private static final List<String> ALL = List.of("pull", "resolve", "push", "referrers");

  private final HostsSettings settings;
  private final Set<String> own;

  Merge(HostsSettings settings) {
    this.settings = settings;
    this.own = own(settings.mirrors()).collect(Collectors.toSet());
  }

  private static Stream<String> own(List<URI> mirrors) {
    return mirrors.stream()
        .flatMap(mirror -> Stream.of(mirror.toString(), mirror + FALLBACK))
        .map(url -> Upstream.endpoint(url, false));
  }

  /**
   * The file for a registry.
   *
   * @param registry its name, or {@link #DEFAULT}
   * @param original what was there without the mirror
   */
  HostsFile into(String registry, HostsFile original) {
    boolean isDefault = registry.equals(DEFAULT);
    Upstream upstream = isDefault ? null : Upstream.of(registry, original.root());
    boolean fallback =
        !isDefault && settings.tags() != TagPolicy.NEVER && canBeTable(upstream.url());
    Map<String, Map<String, Object>> hosts = new LinkedHashMap<>();
    boolean resolves = !isDefault && settings.tags() == TagPolicy.SERVE;
    for (URI mirror : settings.mirrors()) {
      hosts.put(mirror.toString(), mirrorKeys(resolves ? PULL_AND_RESOLVE : PULL));
    }
    original.hosts().forEach(hosts::putIfAbsent);

    Map<String, Object> root;
    if (fallback) {
      addUpstream(hosts, upstream);
      root = fallbackRoot(hosts, original.root());
    } else if (isDefault) {
      root = original.root();
    } else {
      root = upstreamRoot(upstream, original.root());
    }
    List<String> header = new ArrayList<>(original.header());
    header.add(NOTE);
    return new HostsFile(header, root, hosts);
  }

  /**
   * Whether containerd of every release reads a table of that name. 1.6 and 1.7 ignore the whole
   * file where a table's name has a bracket in it, even quoted ("table key cannot contain ']'"). So
   * an upstream that is an IPv6 address stays {@code server}, as it was, and has no fallback after
   * it.
   */
  private static boolean canBeTable(String url) {
    return url.indexOf(']') < 0;
  }

  private Map<String, Object> mirrorKeys(List<String> capabilities) {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("capabilities", capabilities);
    keys.put("dial_timeout", MIRROR_DIAL);
    settings
        .credential()
        .ifPresent(
            credential -> keys.put("header", Map.of("authorization", credential.authorization())));
    return keys;
  }

  /** Hosts do not inherit the root's keys, so upstream's go with it. */
  private static void addUpstream(Map<String, Map<String, Object>> hosts, Upstream upstream) {
    String url = upstream.url();
    for (Map.Entry<String, Map<String, Object>> host : hosts.entrySet()) {
      if (isSame(upstream, host.getKey(), host.getValue())) {
        return;
      }
    }
    if (hosts.containsKey(url)) {
      // Listed, but for less than upstream is for, or with other keys: a second table needs another
      // spelling of its name.
      url = url.endsWith("/v2") ? url.substring(0, url.length() - "/v2".length()) : url + "/v2";
    }
    Map<String, Object> keys = new LinkedHashMap<>(upstream.keys());
    keys.putIfAbsent("dial_timeout", UPSTREAM_DIAL);
    hosts.putIfAbsent(url, keys);
  }

  /** Whether a host is upstream already, and may do and needs what upstream may and needs. */
  private static boolean isSame(Upstream upstream, String url, Map<String, Object> keys) {
    return new Upstream(url, keys).endpoint().equals(upstream.endpoint())
        && capabilities(keys).containsAll(capabilities(upstream.keys()))
        && Stream.of("ca", "client", "skip_verify", "header", "override_path")
            .allMatch(key -> Objects.equals(keys.get(key), upstream.keys().get(key)));
  }

  private static List<?> capabilities(Map<String, Object> keys) {
    List<?> named = (List<?>) keys.getOrDefault("capabilities", ALL);
    return named.isEmpty() ? ALL : named;
  }

  /** {@code server} is the last host: the last mirror's fallback, after those of the others. */
  private Map<String, Object> fallbackRoot(
      Map<String, Map<String, Object>> hosts, Map<String, Object> original) {
    List<String> fallbacks = settings.mirrors().stream().map(mirror -> mirror + FALLBACK).toList();
    for (String url : fallbacks.subList(0, fallbacks.size() - 1)) {
      hosts.put(url, mirrorKeys(PULL_AND_RESOLVE));
    }
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("server", fallbacks.getLast());
    root.putAll(mirrorKeys(PULL_AND_RESOLVE));
    addOthers(root, original);
    return root;
  }

  private static Map<String, Object> upstreamRoot(Upstream upstream, Map<String, Object> original) {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("server", upstream.url());
    root.putAll(upstream.keys());
    addOthers(root, original);
    return root;
  }

  /** Keys that this class does not know are kept where they were. */
  private static void addOthers(Map<String, Object> root, Map<String, Object> original) {
    original.forEach(
        (key, value) -> {
          if (!Upstream.KEYS.contains(key)) {
            root.putIfAbsent(key, value);
          }
        });
  }

  /**
   * The file without the mirror: somebody edited a merged file, or its original is lost. Where the
   * mirror had taken the place of {@code server}, the last host that is none of ours is upstream.
   *
   * @return empty where nothing but the mirror was in it
   */
  Optional<HostsFile> without(HostsFile merged) {
    Map<String, Map<String, Object>> hosts = new LinkedHashMap<>(merged.hosts());
    hosts.keySet().removeIf(this::isOwn);
    Map<String, Object> root = new LinkedHashMap<>(merged.root());
    if (root.get("server") instanceof String server && isOwn(server)) {
      root.keySet().removeIf(key -> key.equals("server") || Upstream.KEYS.contains(key));
      if (!hosts.isEmpty()) {
        String last = List.copyOf(hosts.keySet()).getLast();
        Map<String, Object> keys = new LinkedHashMap<>(hosts.remove(last));
        keys.remove("dial_timeout", UPSTREAM_DIAL);
        root.put("server", last);
        root.putAll(keys);
      }
    }
    List<String> header = merged.header().stream().filter(line -> !line.startsWith(MARK)).toList();
    return hosts.isEmpty() && root.isEmpty()
        ? Optional.empty()
        : Optional.of(new HostsFile(header, root, hosts));
  }

  /** Whether a file asks one of the mirrors. */
  boolean isMerged(HostsFile file) {
    return file.hosts().keySet().stream().anyMatch(this::isOwn)
        || (file.root().get("server") instanceof String server && isOwn(server));
  }

  private boolean isOwn(String url) {
    return own.contains(Upstream.endpoint(url, false));
  }
}
