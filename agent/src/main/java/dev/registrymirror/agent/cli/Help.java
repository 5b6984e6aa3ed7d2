package dev.registrymirror.agent.cli;

import java.io.PrintStream;
import java.util.List;
import org.apache.commons.cli.help.TextHelpAppendable;

/**
 * The texts of {@code --help}, in lines of at most {@link #WIDTH} characters. Commons CLI finds
 * where they break; its own tables of options have one width for all names, and no groups.
 */
final class Help {

  static final int WIDTH = 99;

  /** Where what an option means begins; a name that is longer has a line of its own. */
  private static final int COLUMN = 26;

  private static final String HELP = "  -h, --help";

  private Help() {}

  /** Of the tool. */
  static void tool(PrintStream out, String name) {
    out.println("Usage: " + name + " [OPTIONS] [COMMAND]");
    out.println("A node-local OCI registry mirror for Kubernetes.");
    out.println(HELP + "      Print this help.");
    out.println("      --version   Print the version.");
    out.println();
    out.println("Commands:");
    for (Command command : Command.values()) {
      out.printf("  %-9s  %s%n", command.title(), command.description().getFirst());
    }
  }

  /** Of a command. */
  static void command(PrintStream out, String name, Command command) {
    out.println("Usage: " + name + " [OPTIONS]");
    command.description().forEach(out::println);
    for (Option.Group group : Option.Group.values()) {
      List<Option> members =
          command.options().stream().filter(option -> option.group() == group).toList();
      if (!members.isEmpty()) {
        out.println();
        out.println(group.heading() + ":");
        members.forEach(option -> entry(out, "      " + label(option), description(option)));
      }
    }
    entry(out, HELP, "Print this help.");
    out.println();
    wrap(
        out,
        "Each option is also an environment variable: --node-ip is MIRROR_NODE_IP. The option"
            + " wins. Values of repeatable ones are separated by commas.",
        0);
  }

  private static String label(Option option) {
    return option.isFlag() ? option.name() : option.name() + "=" + option.value();
  }

  private static String description(Option option) {
    String text = option.text() + (option.repeatable() ? " Repeatable." : "");
    return option.fallback().isEmpty() ? text : text + " Default: " + option.fallback();
  }

  private static void entry(PrintStream out, String label, String description) {
    String begin = label;
    if (label.length() + 1 >= COLUMN) {
      out.println(label);
      begin = "";
    }
    wrap(out, begin + " ".repeat(COLUMN - begin.length()) + description, COLUMN + 2);
  }

  /** All lines but the first begin after {@code indent} spaces. */
  private static void wrap(PrintStream out, String text, int indent) {
    int end = TextHelpAppendable.indexOfWrap(text, WIDTH - indent, indent);
    out.println(text.substring(0, end));
    if (end < text.length()) {
      wrap(out, " ".repeat(indent) + text.substring(end + 1), indent);
    }
  }
}
