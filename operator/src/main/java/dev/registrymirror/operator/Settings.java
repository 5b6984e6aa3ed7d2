package dev.registrymirror.operator;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How the operator is told to run, by its environment, which the chart sets.
 *
 * @param agentImage of agents whose RegistryMirror names none ({@code AGENT_IMAGE})
 * @param namespace where it runs itself, and its lease is ({@code OPERATOR_NAMESPACE})
 * @param watched the namespaces whose RegistryMirrors it serves ({@code WATCH_NAMESPACES},
 *     separated by commas; its own where none is given)
 * @param port for {@code /metrics}, {@code /livez} and {@code /readyz} ({@code PORT}, 8080)
 * @param leaderElection whether another replica may be at work ({@code LEADER_ELECTION}, true)
 */
record Settings(
    String agentImage, String namespace, Set<String> watched, int port, boolean leaderElection) {

  /** Something in the environment that cannot be worked with; the message says what. */
  static final class UnusableSettingException extends Exception {
    private static final long serialVersionUID = 1;

    UnusableSettingException(String message) {
      super(message);
    }
  }

  Settings {
    watched = Set.copyOf(watched);
  }

  /**
   * Reads the environment.
   *
   * @throws UnusableSettingException where a variable is missing or makes no sense
   */
  static Settings from(Map<String, String> environment) throws UnusableSettingException {
    String namespace = required(environment, "OPERATOR_NAMESPACE");
    Set<String> watched =
        Arrays.stream(environment.getOrDefault("WATCH_NAMESPACES", "").split(","))
            .map(String::strip)
            .filter(name -> !name.isEmpty())
            .collect(Collectors.toSet());
    return new Settings(
        required(environment, "AGENT_IMAGE"),
        namespace,
        watched.isEmpty() ? Set.of(namespace) : watched,
        port(environment.getOrDefault("PORT", "8080")),
        !environment.getOrDefault("LEADER_ELECTION", "true").equals("false"));
  }

  private static String required(Map<String, String> environment, String name)
      throws UnusableSettingException {
    return Optional.ofNullable(environment.get(name))
        .filter(value -> !value.isBlank())
        .orElseThrow(
            () -> new UnusableSettingException(name + " is not set; the operator's chart sets it"));
  }

  private static int port(String text) throws UnusableSettingException {
    try {
      int port = Integer.parseInt(text);
      if (port > 0 && port < 65_536) {
        return port;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new UnusableSettingException("PORT is no port: " + text);
  }
}
