package dev.registrymirror.agent.cli;

import java.io.PrintStream;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.commons.cli.CommandLine;

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
  private static final Set<String> HELP = Set.of("-h", "--help");

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
    List<String> given = List.of(arguments);
    if (given.isEmpty()) {
      return misused(NAME, "no command" + Command.oneOf());
    }
    String first = given.getFirst();
    if (HELP.contains(first)) {
      Help.tool(out, NAME);
      return DONE;
    }
    if (first.equals("--version")) {
      out.println(NAME + " " + version);
      return DONE;
    }
    return Command.of(first)
        .map(command -> run(command, given.subList(1, given.size())))
        .orElseGet(() -> misused(NAME, "unexpected argument '" + first + "'" + Command.oneOf()));
  }

  private int run(Command command, List<String> arguments) {
    String name = NAME + " " + command.title();
    if (arguments.stream().anyMatch(HELP::contains)) {
      Help.command(out, name, command);
      return DONE;
    }
    try {
      CommandLine parsed = Arguments.parse(command.options(), arguments);
      OptionsReader options = new OptionsReader(new Given(parsed, environment), machine);
      return switch (command) {
        case SERVE -> commands.serve(options.serve());
        case CONFIGURE -> commands.configure(options.configure());
        case CLEANUP -> commands.cleanup(options.cleanup());
        case DOCTOR -> commands.doctor(options.doctor());
      };
    } catch (Misuse e) {
      return misused(name, e.getMessage());
    } catch (Exception e) {
      err.println(oneLine(name + ": " + describe(e)));
      return FAILED;
    }
  }

  private int misused(String command, String message) {
    err.println(oneLine(command + ": " + message + " (see " + command + " --help)"));
    return MISUSED;
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
}
