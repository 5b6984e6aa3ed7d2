package dev.registrymirror.lab.flux;

import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.Actionlint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What can be said of GitHub's workflows without running them. */
final class Workflows {

  private static final Duration BOUND = Duration.ofMinutes(1);
  private static final Pattern FOUND = Pattern.compile("(?m)^(\\.github/\\S+?):(\\d+):\\d+: (.*)$");

  /** A tag can be moved to other code than was looked at. */
  private static final Pattern PINNED = Pattern.compile(".*@[0-9a-f]{40}");

  private Workflows() {}

  static List<Finding> check(Path root) {
    List<Finding> findings = lint(root);
    return findings.isEmpty() ? unpinned(root) : findings;
  }

  private static List<Finding> unpinned(Path root) {
    try (Stream<Path> files = Files.list(root.resolve(".github/workflows"))) {
      return files
          .sorted()
          .map(file -> document(root, file))
          .flatMap(workflow -> workflow.at("jobs").orElseThrow().fields().values().stream())
          .flatMap(job -> job.list("steps").stream())
          .flatMap(step -> step.at("uses").stream())
          .filter(action -> !PINNED.matcher(action.text()).matches())
          .map(action -> action.finding(action.text() + " names no commit: @<commit> # <tag>"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Document document(Path root, Path file) {
    try {
      return Bundle.documents(root.relativize(file).toString(), Files.readString(file)).getFirst();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Finding> lint(Path root) {
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
