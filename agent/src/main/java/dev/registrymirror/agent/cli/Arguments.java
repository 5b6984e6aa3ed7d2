package dev.registrymirror.agent.cli;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.MissingArgumentException;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.UnrecognizedOptionException;

/** Reads what stands on the command line after the command, and says what is wrong with it. */
final class Arguments {

  /** Letters that an option must begin with as a mistyped one does, for it to be suggested. */
  private static final int ALIKE = 3;

  private Arguments() {}

  /**
   * Reads the arguments of a command that takes {@code options}.
   *
   * @throws Misuse where one is not known, has no value or should have none, or is given twice
   */
  static CommandLine parse(List<Option> options, List<String> arguments) throws Misuse {
    Options known = new Options();
    options.forEach(option -> known.addOption(option.toParse()));
    CommandLine line = parse(known, arguments);
    if (!line.getArgList().isEmpty()) {
      throw new Misuse("unexpected argument '" + line.getArgList().getFirst() + "'");
    }
    for (Option option : options) {
      if (!option.repeatable() && line.getOptionCount(option.name()) > 1) {
        throw new Misuse("option '" + option.name() + "' may be given only once");
      }
    }
    return line;
  }

  private static CommandLine parse(Options known, List<String> arguments) throws Misuse {
    try {
      return DefaultParser.builder()
          .setAllowPartialMatching(false)
          .setStripLeadingAndTrailingQuotes(false)
          .get()
          .parse(known, arguments.toArray(String[]::new));
    } catch (UnrecognizedOptionException e) {
      throw new Misuse("unknown option '" + e.getOption() + "'" + suggestion(known, e.getOption()));
    } catch (MissingArgumentException e) {
      throw new Misuse(
          "no parameter for option '--%s' (%s)"
              .formatted(e.getOption().getLongOpt(), e.getOption().getArgName()));
    } catch (ParseException e) {
      throw new Misuse(e.getMessage());
    }
  }

  /** The options that begin as {@code argument} does, in as many letters as any. */
  private static String suggestion(Options known, String argument) {
    String name = argument.replaceFirst("^-+", "").replaceFirst("=.*", "");
    return IntStream.iterate(name.length(), letters -> letters >= ALIKE, letters -> letters - 1)
        .mapToObj(letters -> known.getMatchingOptions(name.substring(0, letters)))
        .filter(alike -> !alike.isEmpty())
        .findFirst()
        .map(
            alike ->
                alike.stream()
                    .map(each -> "--" + each)
                    .collect(Collectors.joining(" or ", "; did you mean ", "?")))
        .orElse("");
  }
}
