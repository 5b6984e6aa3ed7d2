package dev.registrymirror.lab.flux;

import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.Actionlint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** What can be said of GitHub's workflows without running them. */
final class Workflows {

  private static final Duration BOUND = Duration.ofMinutes(1);
  private static final Pattern FOUND = Pattern.compile("(?m)^(\\.github/\\S+?):(\\d+):\\d+: (.*)$");

  private Workflows() {}

  static List<Finding> check(Path root) {
    try {
      Command.run(
          BOUND,
          "",
          Map.of(),
          root,
          // Neither is on every machine, and what they found would differ.
          List.of(
              Actionlint.executable().toString(),
              "-no-color",
              "-oneline",
              "-shellcheck=",
              "-pyflakes="));
      return List.of();
    } catch (LabException e) {
      List<Finding> findings =
          FOUND
              .matcher(e.getMessage())
              .results()
              .map(
                  found ->
                      new Finding(found.group(1), Integer.parseInt(found.group(2)), found.group(3)))
              .toList();
      if (findings.isEmpty()) {
        throw e;
      }
      return findings;
    }
  }
}
