package dev.registrymirror.agent.doctor;

/** containerd's configuration, or a part of it, cannot be read from here. */
final class UnreadableConfigException extends Exception {

  private static final long serialVersionUID = 1;

  UnreadableConfigException(String message) {
    super(message);
  }
}
