package dev.registrymirror.agent.cli;

import java.util.Locale;

/**
 * An option of the command line, which is also an environment variable.
 *
 * @param group the heading under which help shows it
 * @param name with its dashes: {@code --node-ip}
 * @param value what stands for its value in help; empty for one that takes none
 * @param repeatable whether it may be given more than once; values are also split at commas
 * @param text what it means, for help
 * @param fallback what holds where it is not given, for help; empty where nothing does
 */
record Option(
    Group group, String name, String value, boolean repeatable, String text, String fallback) {

  /** The headings of help, in their order. */
  enum Group {
    STORE("What this node holds"),
    NODE("This node"),
    PORTS("Where the agent listens"),
    CLUSTER("The other nodes"),
    HOSTS("containerd's hosts configuration"),
    DEADLINES("Deadlines"),
    RUNNING("Running");

    private final String heading;

    Group(String heading) {
      this.heading = heading;
    }

    String heading() {
      return heading;
    }
  }

  /** Names the same setting in the environment: {@code MIRROR_NODE_IP}. */
  String variable() {
    return "MIRROR_" + name.substring(2).replace('-', '_').toUpperCase(Locale.ROOT);
  }

  /** What the parser is to know of it. */
  org.apache.commons.cli.Option toParse() {
    return org.apache.commons.cli.Option.builder()
        .longOpt(name.substring(2))
        .hasArg(!isFlag())
        .argName(value)
        .get();
  }

  boolean isFlag() {
    return value.isEmpty();
  }
}
