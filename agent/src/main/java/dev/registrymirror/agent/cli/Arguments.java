package dev.registrymirror.agent.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What stands on the command line after the command: {@code --name=value} or {@code --name value},
 * and flags. A parser of this project's own, as a library for it costs every node 2 MiB for as long
 * as the agent runs.
 *
 * @param values of each option that is given, by its name; a flag has none
 */
record Arguments(Map<String, List<String>> values) {

  /** Letters that an option or a command may be mistyped by, for it to be suggested. */
  private static final int TYPOS = 2;

  /**
   * Reads the arguments of a command that takes {@code options}.
   *
   * @throws Misuse where one is not known, has no value or should have none, or is given twice
   */
  static Arguments parse(List<Option> options, List<String> arguments) throws Misuse {
    Map<String, List<String>> values = new HashMap<>();
    Iterator<String> rest = arguments.iterator();
    while (rest.hasNext()) {
      String argument = rest.next();
      int equals = argument.indexOf('=');
      String name = equals < 0 ? argument : argument.substring(0, equals);
      Option option =
          options.stream()
              .filter(each -> each.name().equals(name))
              .findFirst()
              .orElseThrow(
                  () -> unknown(argument, name, options.stream().map(Option::name).toList()));
      if (values.containsKey(name) && !option.repeatable()) {
        throw new Misuse("option '" + name + "' may be given only once");
      }
      List<String> given = values.computeIfAbsent(name, first -> new ArrayList<>());
      if (!option.isFlag()) {
        Optional<String> value =
            equals < 0 ? next(rest) : Optional.of(argument.substring(equals + 1));
        String text = value.orElseThrow(() -> new Misuse(missing(option)));
        given.addAll(option.repeatable() ? List.of(text.split(",", -1)) : List.of(text));
      } else if (equals >= 0) {
        throw new Misuse("option '" + name + "' takes no value");
      }
    }
    return new Arguments(values);
  }

  private static Optional<String> next(Iterator<String> rest) {
    return rest.hasNext()
        ? Optional.of(rest.next()).filter(value -> !value.startsWith("--"))
        : Optional.empty();
  }

  private static String missing(Option option) {
    return "no parameter for option '" + option.name() + "' (" + option.value() + ")";
  }

  /** Of an argument that is none of {@code names}; {@code name} is what it was to name. */
  static Misuse unknown(String argument, String name, List<String> names) {
    List<String> close = names.stream().filter(each -> distance(each, name) <= TYPOS).toList();
    return new Misuse(
        (argument.startsWith("-") ? "unknown option '" : "unexpected argument '")
            + argument
            + "'"
            + (close.isEmpty() ? "" : "; did you mean " + String.join(" or ", close) + "?"));
  }

  /** Levenshtein's: letters to insert, delete or replace. */
  private static int distance(String one, String other) {
    int[] row = new int[other.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= one.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[other.length()];
  }
}
