package dev.registrymirror.lab.flux;

/**
 * Something that is wrong in the bundle.
 *
 * @param file below the repository
 * @param line from 1 on
 * @param message what is wrong, and the mend
 */
public record Finding(String file, int line, String message) implements Comparable<Finding> {

  /** {@code kubernetes/clusters/infra/spegel.yaml:12: …}, as compilers say it. */
  @Override
  public String toString() {
    return file + ":" + line + ": " + message;
  }

  @Override
  public int compareTo(Finding other) {
    return toString().compareTo(other.toString());
  }
}
