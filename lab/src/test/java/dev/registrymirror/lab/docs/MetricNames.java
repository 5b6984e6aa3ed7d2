package dev.registrymirror.lab.docs;

import dev.registrymirror.lab.flux.Finding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Whether the metrics that a page names are among those that the agent registers. */
final class MetricNames {

  private static final String NAME = "registry_mirror_[a-z_]*[a-z]";
  private static final Pattern ON_A_PAGE = Pattern.compile(NAME);
  private static final Pattern REGISTERED = Pattern.compile("\\.name\\(\"(" + NAME + ")\"\\)");

  /** What Prometheus' format adds to a histogram's name. */
  private static final Pattern SERIES = Pattern.compile("_(count|sum|bucket)$");

  private MetricNames() {}

  static List<Finding> check(Page page) {
    Set<String> registered = registered(page.root().resolve("agent/src/main/java"));
    List<Finding> findings = new ArrayList<>();
    List<String> lines = page.text().lines().toList();
    for (int line = 1; line <= lines.size(); line++) {
      int at = line;
      ON_A_PAGE
          .matcher(lines.get(line - 1))
          .results()
          .map(MatchResult::group)
          .filter(name -> !registered.contains(name))
          .filter(name -> !registered.contains(SERIES.matcher(name).replaceFirst("")))
          .forEach(name -> findings.add(page.finding(at, "no metric is called " + name)));
    }
    return findings;
  }

  private static Set<String> registered(Path sources) {
    try (Stream<Path> files = Files.walk(sources)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .map(Page::content)
          .flatMap(source -> REGISTERED.matcher(source).results())
          .map(name -> name.group(1))
          .collect(Collectors.toSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
