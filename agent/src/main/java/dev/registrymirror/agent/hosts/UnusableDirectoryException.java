package dev.registrymirror.agent.hosts;

/**
 * The hosts or the state directory cannot be used; nothing was written. The message is one line:
 * what, where, how to mend it.
 */
public final class UnusableDirectoryException extends Exception {

  private static final long serialVersionUID = 1;

  UnusableDirectoryException(String message) {
    super(message);
  }
}
