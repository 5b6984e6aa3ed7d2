package dev.registrymirror.agent.cli;

import java.io.PrintStream;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Layout;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command {@code mirror-agent}: reads arguments and environment, runs a command's body, and
 * turns what happened into an exit code.
 */
public final class CommandLineTool {

  /** Done. */
  public static final int DONE = 0;

  /** Failed while running. */
  public static final int FAILED = 1;

  /** Wrong use; nothing was done. */
  public static final int MISUSED = 2;

  private static final String NAME = "mirror-agent";
  private static final int HELP_WIDTH = 100;

  private final Commands commands;
  private final Map<String, String> environment;
  private final Machine machine;
  private final PrintStream out;
  private final PrintStream err;

  /**
   * @param environment where {@code MIRROR_…} variables stand
   * @param out for what was asked for: help, version
   * @param err for what went wrong
   */
  public CommandLineTool(
      Commands commands, Map<String, String> environment, PrintStream out, PrintStream err) {
    this(commands, environment, Machine.local(environment), out, err);
  }

  CommandLineTool(
      Commands commands,
      Map<String, String> environment,
      Machine machine,
      PrintStream out,
      PrintStream err) {
    this.commands = commands;
    this.environment = environment;
    this.machine = machine;
    this.out = out;
    this.err = err;
  }

  /** Runs the command that {@code arguments} name and returns the exit code. */
  public int run(String version, String... arguments) {
    CommandLine line = commandLine();
    try {
      ParseResult parsed = line.parseArgs(arguments);
      ParseResult command = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
      if (command.isUsageHelpRequested()) {
        command.commandSpec().commandLine().usage(out, Ansi.OFF);
        return DONE;
      }
      if (parsed.isVersionHelpRequested()) {
        out.println(NAME + " " + version);
        return DONE;
      }
      if (!parsed.hasSubcommand()) {
        return misused(
            NAME, "no command; one of " + String.join(", ", line.getSubcommands().keySet()));
      }
      return run(command);
    } catch (ParameterException e) {
      return misused(e.getCommandLine().getCommandSpec().qualifiedName(), explain(e));
    }
  }

  private int run(ParseResult command) {
    CommandSpec spec = command.commandSpec();
    OptionsReader options = new OptionsReader(new Given(command, environment), machine);
    try {
      return switch (spec.name()) {
        case "serve" -> commands.serve(options.serve());
        case "configure" -> commands.configure(options.configure());
        case "cleanup" -> commands.cleanup(options.cleanup());
        case "doctor" -> commands.doctor(options.doctor());
        default -> throw new AssertionError(spec.name());
      };
    } catch (Misuse e) {
      return misused(spec.qualifiedName(), e.getMessage());
    } catch (Exception e) {
      err.println(oneLine(spec.qualifiedName() + ": " + describe(e)));
      return FAILED;
    }
  }

  private int misused(String command, String message) {
    err.println(oneLine(command + ": " + message + " (see " + command + " --help)"));
    return MISUSED;
  }

  private static String explain(ParameterException e) {
    String message = e.getMessage();
    if (e instanceof UnmatchedArgumentException unmatched) {
      List<String> close = unmatched.getSuggestions();
      message =
          (unmatched.isUnknownOption() ? "unknown option " : "unexpected argument ")
              + unmatched.getUnmatched().stream()
                  .limit(1)
                  .map(argument -> "'" + argument + "'")
                  .collect(Collectors.joining())
              + (close.isEmpty() ? "" : "; did you mean " + String.join(" or ", close) + "?");
    }
    return message;
  }

  /**
   * A failure for people: its message where that says what happened, the log has the rest. The
   * JDK's exceptions about files say it by their class.
   */
  public static String describe(Exception e) {
    boolean named = e instanceof FileSystemException file && file.getReason() == null;
    return named || e.getMessage() == null ? e.toString() : e.getMessage();
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\s*\\R\\s*", " ");
  }

  private static CommandLine commandLine() {
    CommandSpec root = command(NAME, List.of(), "A node-local OCI registry mirror for Kubernetes.");
    root.addOption(
        OptionSpec.builder("--version")
            .versionHelp(true)
            .description("Print the version.")
            .build());
    root.addSubcommand(
        "serve",
        command(
            "serve",
            Options.SERVE,
            "Serve this node's images to its own containerd and to the other nodes.",
            "Without --oci-layout it waits for a containerd, however long."));
    root.addSubcommand(
        "configure",
        command(
            "configure",
            Options.CONFIGURE,
            "Point this node's containerd to the agent: merge it into the hosts.toml files."));
    root.addSubcommand(
        "cleanup", command("cleanup", Options.CLEANUP, "Undo what configure did, byte for byte."));
    root.addSubcommand(
        "doctor",
        command(
            "doctor",
            Options.DOCTOR,
            "Say what stands in the way of sharing on this node, a line for each check.",
            "Exit code 1 where something does."));
    // No files of arguments: an argument that begins with @ is a mistake, and is told as one.
    return new CommandLine(root).setExpandAtFiles(false).setUsageHelpWidth(HELP_WIDTH);
  }

  private static CommandSpec command(String name, List<Option> options, String... description) {
    CommandSpec spec = CommandSpec.create().name(name);
    for (Option option : options) {
      spec.addOption(parameter(option));
    }
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("Print this help.").build());
    UsageMessageSpec usage = spec.usageMessage();
    usage.description(description).abbreviateSynopsis(true).sortOptions(false);
    usage.commandListHeading("%nCommands:%n");
    if (!options.isEmpty()) {
      usage
          .sectionMap()
          .put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, help -> grouped(help, options));
      usage.footer(
          "%nEach option is also an environment variable: --node-ip is MIRROR_NODE_IP. The option"
              + " wins. Values of repeatable ones are separated by commas.");
    }
    return spec;
  }

  private static OptionSpec parameter(Option option) {
    OptionSpec.Builder builder = OptionSpec.builder(option.name()).description(description(option));
    if (option.isFlag()) {
      return builder.type(boolean.class).arity("0").build();
    }
    builder.paramLabel(option.value());
    return option.repeatable()
        ? builder.type(List.class).auxiliaryTypes(String.class).splitRegex(",").arity("1").build()
        : builder.type(String.class).arity("1").build();
  }

  private static String description(Option option) {
    String text = option.text() + (option.repeatable() ? " Repeatable." : "");
    return option.fallback().isEmpty() ? text : text + " Default: " + option.fallback();
  }

  private static String grouped(Help help, List<Option> options) {
    StringBuilder text = new StringBuilder();
    for (Option.Group group : Option.Group.values()) {
      List<OptionSpec> members = new ArrayList<>();
      for (Option option : options) {
        if (option.group() == group) {
          members.add(help.commandSpec().findOption(option.name()));
        }
      }
      if (group == Option.Group.RUNNING) {
        members.add(help.commandSpec().findOption("--help"));
      }
      if (!members.isEmpty()) {
        Layout layout = help.createDefaultLayout();
        layout.addOptions(members, help.parameterLabelRenderer());
        text.append(String.format("%n%s:%n%s", group.heading(), layout));
      }
    }
    return text.toString();
  }
}
