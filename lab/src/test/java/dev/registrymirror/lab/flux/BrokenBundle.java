package dev.registrymirror.lab.flux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.Repository;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A copy of this repository's bundle and chart, for something to be broken in it. */
record BrokenBundle(Path root) {

  static BrokenBundle in(Path root) throws IOException {
    for (String folder : List.of("kubernetes", "clusters", "charts")) {
      Path from = Repository.ROOT.resolve(folder);
      try (Stream<Path> paths = Files.walk(from)) {
        for (Path path : paths.filter(Files::isRegularFile).toList()) {
          Path to = root.resolve(Repository.ROOT.relativize(path).toString());
          Files.createDirectories(to.getParent());
          Files.copy(path, to);
        }
      }
    }
    return new BrokenBundle(root);
  }

  /** Replaces what is in a file, every time it is there; {@code \n} stands for a new line. */
  BrokenBundle with(String file, String there, String instead) throws IOException {
    String text = Files.readString(root.resolve(file));
    assertThat(text).contains(lines(there));
    Files.writeString(root.resolve(file), text.replace(lines(there), lines(instead)));
    return this;
  }

  BrokenBundle add(String file, String text) throws IOException {
    Files.createDirectories(root.resolve(file).getParent());
    Files.writeString(root.resolve(file), lines(text));
    return this;
  }

  private static String lines(String text) {
    return text.replace("\\n", "\n");
  }

  /** The line that a finding names. */
  String lineOf(Finding finding) {
    try {
      return Files.readAllLines(root.resolve(finding.file())).get(finding.line() - 1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** That this is found, and found at a line of that file on which that text stands. */
  void assertFound(List<Finding> findings, String file, String line, String message) {
    assertThat(findings)
        .anySatisfy(
            finding -> {
              assertThat(finding.message()).contains(message);
              assertThat(finding.file()).isEqualTo(file);
              assertThat(lineOf(finding)).contains(line);
            });
  }
}
