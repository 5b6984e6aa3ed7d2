package dev.registrymirror.agent.hosts;

/** A file that is not TOML, or not of the shape that containerd reads. */
final class MalformedTomlException extends Exception {

  private static final long serialVersionUID = 1;

  private final int line;

  /**
   * @param line where, from 1
   */
  MalformedTomlException(int line, String message) {
    super(message);
    this.line = line;
  }

  int line() {
    return line;
  }
}
