package dev.registrymirror.agent.cli;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where an agent listens, not looked up.
 *
 * @param host an IP address, IPv6 without brackets, or a DNS name; empty where it goes without
 *     saying
 * @param port 0 to 65,535
 */
public record HostAndPort(String host, int port) {

  private static final Pattern FORM =
      Pattern.compile("(?:\\[([0-9a-fA-F:.%a-z]+)]|([a-zA-Z0-9._-]*)):([0-9]{1,5})");

  /** Reads {@code host:port}, IPv6 bracketed; empty where it is malformed. */
  public static Optional<HostAndPort> tryParse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches() || Integer.parseInt(form.group(3)) > 65_535) {
      return Optional.empty();
    }
    String host = form.group(1) != null ? form.group(1) : form.group(2);
    return Optional.of(new HostAndPort(host, Integer.parseInt(form.group(3))));
  }

  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
