package dev.registrymirror.lab.machine;

/** The lab could not do what it was asked: what, why, and how to mend it where that is known. */
public class LabException extends RuntimeException {

  private static final long serialVersionUID = 1;

  public LabException(String message) {
    super(message);
  }

  public LabException(String message, Throwable cause) {
    super(message, cause);
  }
}
