package dev.registrymirror.agent.cli;

import dev.registrymirror.agent.hosts.HostsSettings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.commons.cli.CommandLine;

/**
 * What was given for a command: an option on the command line, else its environment variable where
 * that is not empty. Each reading either yields a value of the right shape or tells what is wrong
 * with it.
 */
final class Given {

  private static final String ADDRESS =
      "IP:PORT or :PORT, such as 10.0.0.11:29999, [fd00::11]:29999 or :29999";

  private final CommandLine line;
  private final Map<String, String> environment;

  Given(CommandLine line, Map<String, String> environment) {
    this.line = line;
    this.environment = environment;
  }

  boolean has(Option option) {
    return onLine(option) || !environment.getOrDefault(option.variable(), "").isEmpty();
  }

  private boolean onLine(Option option) {
    return line.hasOption(option.name());
  }

  /** Names the option in the way that it was given, for messages. */
  String origin(Option option) {
    return onLine(option) ? option.name() : option.variable();
  }

  private List<String> texts(Option option) {
    if (!has(option)) {
      return List.of();
    }
    String[] given =
        onLine(option)
            ? line.getOptionValues(option.name())
            : new String[] {environment.get(option.variable())};
    return option.repeatable()
        ? Stream.of(given).flatMap(text -> Stream.of(text.split(",", -1))).toList()
        : List.of(given);
  }

  Misuse wrong(Option option, String text, String expected) {
    return new Misuse(origin(option) + ": '" + text.strip() + "' is not " + expected);
  }

  /** The text, or where it is not given {@code fallback}. */
  String text(Option option, String fallback) {
    List<String> texts = texts(option);
    return texts.isEmpty() ? fallback : texts.getFirst();
  }

  boolean flag(Option option) throws Misuse {
    if (onLine(option)) {
      return true;
    }
    String text = text(option, "false");
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw wrong(option, text, "true or false");
    };
  }

  Optional<Path> path(Option option) throws Misuse {
    if (!has(option)) {
      return Optional.empty();
    }
    String text = text(option, "");
    try {
      if (text.isBlank()) {
        throw wrong(option, text, "a path");
      }
      return Optional.of(Path.of(text).toAbsolutePath().normalize());
    } catch (InvalidPathException e) {
      throw wrong(option, text, "a path: " + e.getReason());
    }
  }

  /** The path, or where it is not given the option's fallback. */
  Path pathOrFallback(Option option) throws Misuse {
    return path(option).orElse(Path.of(option.fallback()));
  }

  /** Bytes a second; 0 where it is not given. */
  long rate(Option option) throws Misuse {
    String text = text(option, "");
    if (!has(option)) {
      return 0;
    }
    return Rates.tryParse(text)
        .orElseThrow(() -> wrong(option, text, "bytes a second from 1M on, such as 50M or 1G"));
  }

  int number(Option option, int least, int most) throws Misuse {
    String text = text(option, option.fallback());
    if (!text.matches("[0-9]{1,4}")
        || Integer.parseInt(text) < least
        || Integer.parseInt(text) > most) {
      throw wrong(option, text, "a number from " + least + " to " + most);
    }
    return Integer.parseInt(text);
  }

  Optional<Duration> duration(Option option) throws Misuse {
    if (!has(option)) {
      return Optional.empty();
    }
    String text = text(option, "");
    return Optional.of(
        Durations.tryParse(text)
            .orElseThrow(
                () ->
                    wrong(
                        option,
                        text,
                        "a time from 1ms to "
                            + Durations.MAX.toMinutes()
                            + "m, such as 500ms or 2s")));
  }

  Optional<InetAddress> ip(Option option) throws Misuse {
    if (!has(option)) {
      return Optional.empty();
    }
    String text = text(option, "");
    return Optional.of(
        literal(text)
            .filter(address -> !address.isAnyLocalAddress())
            .orElseThrow(() -> wrong(option, text, "the IP address of a node, such as 10.0.0.11")));
  }

  /**
   * Where to listen. Port 0 is any free one.
   *
   * @param fallback where nothing is given; its address where a port alone is ({@code :29999})
   */
  InetSocketAddress address(Option option, InetSocketAddress fallback) throws Misuse {
    if (!has(option)) {
      return fallback;
    }
    HostAndPort address = hostAndPort(option);
    return new InetSocketAddress(
        address.host().isEmpty() ? fallback.getAddress() : ip(option, address), address.port());
  }

  /** The address alone of what is given; empty where none is, or a port alone. */
  Optional<InetAddress> ipOf(Option option) throws Misuse {
    if (!has(option)) {
      return Optional.empty();
    }
    HostAndPort address = hostAndPort(option);
    return address.host().isEmpty() ? Optional.empty() : Optional.of(ip(option, address));
  }

  private HostAndPort hostAndPort(Option option) throws Misuse {
    String text = text(option, "");
    return HostAndPort.tryParse(text).orElseThrow(() -> wrong(option, text, ADDRESS));
  }

  private InetAddress ip(Option option, HostAndPort address) throws Misuse {
    return literal(address.host()).orElseThrow(() -> wrong(option, text(option, ""), ADDRESS));
  }

  List<HostAndPort> hosts(Option option) throws Misuse {
    List<HostAndPort> hosts = new ArrayList<>();
    for (String text : texts(option)) {
      hosts.add(
          HostAndPort.tryParse(text.strip())
              .filter(host -> !host.host().isEmpty() && host.port() > 0)
              .orElseThrow(
                  () -> wrong(option, text, "HOST:PORT, such as 10.0.0.11:29998 or agents:29998")));
    }
    return List.copyOf(hosts);
  }

  List<String> texts(Option option, Predicate<String> valid, String expected) throws Misuse {
    List<String> found = new ArrayList<>();
    for (String text : texts(option)) {
      if (!valid.test(text.strip())) {
        throw wrong(option, text, expected);
      }
      found.add(text.strip());
    }
    return List.copyOf(found);
  }

  List<URI> mirrors(Option option) throws Misuse {
    List<URI> mirrors = new ArrayList<>();
    for (String text : texts(option)) {
      try {
        mirrors.add(HostsSettings.mirror(text.strip()));
      } catch (IllegalArgumentException e) {
        throw wrong(option, text, "http://IP:PORT, such as http://10.0.0.11:29999");
      }
    }
    return List.copyOf(mirrors);
  }

  private static Optional<InetAddress> literal(String text) {
    try {
      return Optional.of(InetAddress.ofLiteral(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
