package dev.registrymirror.agent.tags;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The environment's proxies, read as containerd reads them: with the rules of Go's {@code
 * golang.org/x/net/http/httpproxy}. Upper case comes before lower case; this machine is never asked
 * through a proxy.
 */
final class ProxySettings {

  /**
   * A proxy to be asked by plain HTTP.
   *
   * @param address not resolved
   * @param authorization the value of {@code Proxy-Authorization}; never logged
   */
  record HttpProxy(InetSocketAddress address, Optional<String> authorization) {}

  /** The environment names a proxy that cannot be used. The message says which and why. */
  static final class UnusableProxyException extends Exception {
    private static final long serialVersionUID = 1L;

    UnusableProxyException(String message) {
      super(message);
    }
  }

  private final Map<String, String> environment;
  private final List<Exemption> exemptions;

  private ProxySettings(Map<String, String> environment) {
    this.environment = environment;
    this.exemptions = exemptions(variable("NO_PROXY"));
  }

  /** The proxies of {@code environment}, which is {@link System#getenv()} but in tests. */
  static ProxySettings of(Map<String, String> environment) {
    return new ProxySettings(environment);
  }

  /**
   * The proxy for {@code target}, empty where it is asked directly.
   *
   * @throws UnusableProxyException where the proxy's address is malformed or not {@code http://}:
   *     asking directly instead could break a rule of the network
   */
  Optional<HttpProxy> proxyFor(URI target) throws UnusableProxyException {
    String variable = target.getScheme().equals("https") ? "HTTPS_PROXY" : "HTTP_PROXY";
    String text = variable(variable);
    if (text.isEmpty() || isExempt(target)) {
      return Optional.empty();
    }
    return Optional.of(parse(variable, text));
  }

  private String variable(String name) {
    String upper = environment.getOrDefault(name, "");
    return upper.isEmpty() ? environment.getOrDefault(name.toLowerCase(Locale.ROOT), "") : upper;
  }

  private static HttpProxy parse(String variable, String text) throws UnusableProxyException {
    URI uri;
    try {
      uri = URI.create(text.contains("://") ? text : "http://" + text);
    } catch (IllegalArgumentException e) {
      // Without the value and without the cause: both may hold a password.
      throw new UnusableProxyException(variable + " is no address");
    }
    if (uri.getHost() == null) {
      throw new UnusableProxyException(variable + " names no host");
    }
    if (!"http".equals(uri.getScheme())) {
      throw new UnusableProxyException(
          variable + " is of kind " + uri.getScheme() + ", and only http:// is supported");
    }
    int port = uri.getPort() < 0 ? 80 : uri.getPort();
    InetSocketAddress address = InetSocketAddress.createUnresolved(bare(uri.getHost()), port);
    return new HttpProxy(address, Optional.ofNullable(uri.getUserInfo()).map(ProxySettings::basic));
  }

  private static String basic(String userInfo) {
    String pair = userInfo.indexOf(':') < 0 ? userInfo + ":" : userInfo;
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
  }

  private boolean isExempt(URI target) {
    String host = bare(target.getHost().toLowerCase(Locale.ROOT));
    InetAddress ip = NetUtil.createInetAddressFromIpAddressString(host);
    if (host.equals("localhost") || (ip != null && ip.isLoopbackAddress())) {
      return true;
    }
    int port = target.getPort();
    if (port < 0) {
      port = target.getScheme().equals("https") ? 443 : 80;
    }
    for (Exemption exemption : exemptions) {
      if (exemption.covers(host, ip, port)) {
        return true;
      }
    }
    return false;
  }

  private static String bare(String host) {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  /** One entry of NO_PROXY. */
  private sealed interface Exemption {
    /**
     * @param ip of the host where it is an address, else null
     */
    boolean covers(String host, InetAddress ip, int port);

    /** {@code *} */
    record Everything() implements Exemption {
      @Override
      public boolean covers(String host, InetAddress ip, int port) {
        return true;
      }
    }

    /** {@code 10.0.0.0/8}, {@code 10.0.0.1}, {@code [fd00::1]:5000}; port 0 for all. */
    record Addresses(IpSubnetFilterRule rule, int port) implements Exemption {

      Addresses(InetAddress network, int prefix, int port) {
        this(new IpSubnetFilterRule(network, prefix, IpFilterRuleType.ACCEPT), port);
      }

      @Override
      public boolean covers(String host, InetAddress ip, int port) {
        return ip != null
            && (this.port == 0 || this.port == port)
            && rule.matches(new InetSocketAddress(ip, port));
      }
    }

    /**
     * {@code example.com} with all beneath it, or {@code .example.com} for those alone; port 0 for
     * all.
     */
    record Domain(String suffix, boolean itself, int port) implements Exemption {
      @Override
      public boolean covers(String host, InetAddress ip, int port) {
        return (host.endsWith(suffix) || (itself && host.equals(suffix.substring(1))))
            && (this.port == 0 || this.port == port);
      }
    }
  }

  private static List<Exemption> exemptions(String noProxy) {
    List<Exemption> entries = new ArrayList<>();
    for (String part : noProxy.split(",", -1)) {
      String text = part.strip().toLowerCase(Locale.ROOT);
      if (text.equals("*")) {
        return List.of(new Exemption.Everything());
      }
      network(text).or(() -> addressOrDomain(text)).ifPresent(entries::add);
    }
    return List.copyOf(entries);
  }

  private static Optional<Exemption> network(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      return Optional.empty();
    }
    InetAddress network = NetUtil.createInetAddressFromIpAddressString(text.substring(0, slash));
    String prefix = text.substring(slash + 1);
    if (network == null || !prefix.matches("[0-9]{1,3}")) {
      return Optional.empty();
    }
    int bits = Integer.parseInt(prefix);
    return bits <= bits(network)
        ? Optional.of(new Exemption.Addresses(network, bits, 0))
        : Optional.empty();
  }

  private static int bits(InetAddress address) {
    return address instanceof Inet4Address ? 32 : 128;
  }

  private static Optional<Exemption> addressOrDomain(String text) {
    String host = text;
    int port = 0;
    int colon = text.lastIndexOf(':');
    // A colon among others is part of an IPv6 address, unless that is bracketed.
    boolean hasPort = colon >= 0 && (text.indexOf(':') == colon || text.startsWith("["));
    if (hasPort && text.substring(colon + 1).matches("[0-9]{1,5}")) {
      host = text.substring(0, colon);
      port = Integer.parseInt(text.substring(colon + 1));
    }
    if (host.startsWith("[") && host.endsWith("]")) {
      host = bare(host);
    }
    InetAddress ip = NetUtil.createInetAddressFromIpAddressString(host);
    if (ip != null) {
      return Optional.of(new Exemption.Addresses(ip, bits(ip), port));
    }
    if (host.startsWith("*.")) {
      host = host.substring(1);
    }
    if (host.isEmpty()) {
      return Optional.empty();
    }
    boolean itself = host.charAt(0) != '.';
    return Optional.of(new Exemption.Domain(itself ? "." + host : host, itself, port));
  }
}
