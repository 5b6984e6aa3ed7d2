package dev.registrymirror.lab.flux;

import dev.registrymirror.lab.tools.ToolMissing;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code make validate}: whether the Flux bundle is right, and GitHub's workflows. Says what is
 * wrong as {@code file:line: what}, and ends with 1 where anything is.
 */
public final class Validate {

  private Validate() {}

  /** Takes the repository's directory; without, the one that it runs in. */
  public static void main(String[] arguments) {
    Path root = Path.of(arguments.length == 0 ? "." : arguments[0]).toAbsolutePath().normalize();
    List<Finding> findings;
    try {
      findings = findings(root);
    } catch (ToolMissing e) {
      System.err.println("validate: " + e.getMessage());
      System.exit(1);
      return;
    }
    findings.forEach(System.err::println);
    if (!findings.isEmpty()) {
      System.exit(1);
    }
    System.out.printf(
        "The bundle is right for %s, and so are the workflows.%n", Bundle.read(root).clusters());
  }

  /**
   * What is wrong with the bundle and the workflows of a repository. What breaks a rule is not
   * built, for it might not even end.
   */
  public static List<Finding> findings(Path root) {
    Bundle bundle = Bundle.read(root);
    List<Finding> broken = new ArrayList<>(Rules.check(bundle));
    broken.addAll(Workflows.check(root));
    if (!broken.isEmpty()) {
      return broken;
    }
    List<Finding> refused = new ArrayList<>();
    for (String cluster : bundle.clusters()) {
      refused.addAll(Builds.check(bundle, cluster));
    }
    return refused.stream().distinct().sorted().toList();
  }
}
