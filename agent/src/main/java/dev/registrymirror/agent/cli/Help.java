package dev.registrymirror.agent.cli;

import java.util.ArrayList;
import java.util.List;

/** The texts of {@code --help}, in lines of at most {@link #WIDTH} characters. */
final class Help {

  static final int WIDTH = 99;

  /** Where what an option means begins; a name that is longer has a line of its own. */
  private static final int COLUMN = 26;

  private static final String HELP = "  -h, --help";

  private Help() {}

  /** Of the tool. */
  static String tool(String name) {
    List<String> lines = new ArrayList<>();
    lines.add("Usage: " + name + " [OPTIONS] [COMMAND]");
    lines.add("A node-local OCI registry mirror for Kubernetes.");
    lines.add(HELP + "      Print this help.");
    lines.add("      --version   Print the version.");
    lines.add("");
    lines.add("Commands:");
    for (Command command : Command.values()) {
      lines.add("  %-9s  %s".formatted(command.title(), command.description().getFirst()));
    }
    return text(lines);
  }

  /** Of a command. */
  static String command(String name, Command command) {
    List<String> lines = new ArrayList<>();
    lines.add("Usage: " + name + " [OPTIONS]");
    lines.addAll(command.description());
    for (Option.Group group : Option.Group.values()) {
      List<Option> members =
          command.options().stream().filter(option -> option.group() == group).toList();
      if (!members.isEmpty()) {
        lines.add("");
        lines.add(group.heading() + ":");
        members.forEach(option -> entry(lines, "      " + label(option), description(option)));
      }
    }
    entry(lines, HELP, "Print this help.");
    lines.add("");
    wrap(
        lines,
        "",
        "Each option is also an environment variable: --node-ip is MIRROR_NODE_IP. The option"
            + " wins. Values of repeatable ones are separated by commas.",
        "");
    return text(lines);
  }

  private static String label(Option option) {
    return option.isFlag() ? option.name() : option.name() + "=" + option.value();
  }

  private static String description(Option option) {
    String text = option.text() + (option.repeatable() ? " Repeatable." : "");
    return option.fallback().isEmpty() ? text : text + " Default: " + option.fallback();
  }

  private static void entry(List<String> lines, String label, String description) {
    String indent = " ".repeat(COLUMN);
    if (label.length() + 1 < COLUMN) {
      wrap(lines, label + indent.substring(label.length()), description, indent + "  ");
    } else {
      lines.add(label);
      wrap(lines, indent, description, indent + "  ");
    }
  }

  private static void wrap(List<String> lines, String begin, String text, String indent) {
    StringBuilder line = new StringBuilder(begin);
    String gap = "";
    for (String word : text.split(" ", -1)) {
      if (line.length() + gap.length() + word.length() > WIDTH) {
        lines.add(line.toString());
        line = new StringBuilder(indent);
        gap = "";
      }
      line.append(gap).append(word);
      gap = " ";
    }
    lines.add(line.toString());
  }

  private static String text(List<String> lines) {
    return String.join("\n", lines) + "\n";
  }
}
