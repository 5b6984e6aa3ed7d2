package dev.registrymirror.lab.docs;

import dev.registrymirror.agent.cli.CleanupOptions;
import dev.registrymirror.agent.cli.CommandLineTool;
import dev.registrymirror.agent.cli.Commands;
import dev.registrymirror.agent.cli.ConfigureOptions;
import dev.registrymirror.agent.cli.DoctorOptions;
import dev.registrymirror.agent.cli.ServeOptions;
import dev.registrymirror.lab.flux.Finding;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Whether there are the Makefile's targets and the agent's commands and options that a page names.
 */
final class CommandLines {

  private static final Pattern TARGET = Pattern.compile("(?m)^([a-z0-9-]+):");
  private static final Pattern OPTION = Pattern.compile("--[a-z-]+");
  private static final String AGENT = "mirror-agent";

  private CommandLines() {}

  static List<Finding> check(Page page) {
    Set<String> targets =
        TARGET
            .matcher(Page.content(page.root().resolve("Makefile")))
            .results()
            .map(target -> target.group(1))
            .collect(Collectors.toSet());
    return ShellCommand.on(page)
        .flatMap(
            command -> problems(command, targets).map(found -> page.finding(command.line(), found)))
        .toList();
  }

  private static Stream<String> problems(ShellCommand command, Set<String> targets) {
    if (command.runs("make")) {
      return command.arguments().stream()
          .filter(word -> !word.contains("=") && !targets.contains(word))
          .map(word -> "the Makefile has no target " + word);
    }
    if (command.runs(AGENT) && !command.arguments().isEmpty()) {
      return command.whole() ? misuse(command) : unknownOptions(command);
    }
    return Stream.empty();
  }

  /** What the agent itself says of its command line. */
  private static Stream<String> misuse(ShellCommand command) {
    Answer answer = Answer.to(command.arguments());
    return answer.code() == CommandLineTool.DONE ? Stream.empty() : Stream.of(answer.text());
  }

  // In a sentence not all is given that the command needs, and values are dots.
  private static Stream<String> unknownOptions(ShellCommand command) {
    String name = command.arguments().getFirst();
    if (name.startsWith("-")) {
      return misuse(command);
    }
    Answer help = Answer.to(List.of(name, "--help"));
    if (help.code() != CommandLineTool.DONE) {
      return Stream.of(help.text());
    }
    Set<String> known =
        OPTION.matcher(help.text()).results().map(MatchResult::group).collect(Collectors.toSet());
    return command.arguments().stream()
        .filter(word -> word.startsWith("--"))
        .map(word -> word.replaceFirst("=.*", ""))
        .filter(word -> !known.contains(word))
        .map(word -> "%s %s has no option %s".formatted(AGENT, name, word));
  }

  /**
   * What the agent's command line answers; its commands do nothing.
   *
   * @param text on whichever of the two streams
   */
  private record Answer(int code, String text) {

    static Answer to(List<String> arguments) {
      ByteArrayOutputStream text = new ByteArrayOutputStream();
      try (PrintStream stream = new PrintStream(text, true, StandardCharsets.UTF_8)) {
        int code =
            new CommandLineTool(new Idle(), Map.of(), stream, stream)
                .run("docs", arguments.toArray(String[]::new));
        return new Answer(code, text.toString(StandardCharsets.UTF_8).strip());
      }
    }
  }

  private static final class Idle implements Commands {

    @Override
    public int serve(ServeOptions options) {
      return CommandLineTool.DONE;
    }

    @Override
    public int configure(ConfigureOptions options) {
      return CommandLineTool.DONE;
    }

    @Override
    public int cleanup(CleanupOptions options) {
      return CommandLineTool.DONE;
    }

    @Override
    public int doctor(DoctorOptions options) {
      return CommandLineTool.DONE;
    }
  }
}
