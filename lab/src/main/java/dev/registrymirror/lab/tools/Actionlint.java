package dev.registrymirror.lab.tools;

import java.nio.file.Path;
import java.util.List;

/** The command that knows what GitHub's workflows may say. */
public final class Actionlint {

  private static final GoBuild BUILD =
      new GoBuild(
          "actionlint 1.7.12",
          "require github.com/rhysd/actionlint v1.7.12\n",
          List.of("github.com/rhysd/actionlint/cmd/actionlint"),
          "-s -w");

  private Actionlint() {}

  /** Its executable; built with Go where it is not there yet. */
  public static Path executable() {
    return ToolCache.atDefault().get(BUILD.entry(), BUILD::into).resolve("actionlint");
  }
}
