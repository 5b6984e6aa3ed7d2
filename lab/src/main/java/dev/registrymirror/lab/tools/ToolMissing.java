package dev.registrymirror.lab.tools;

import dev.registrymirror.lab.machine.LabException;

/** A tool is not here and cannot be had on this machine; the message says why. */
public final class ToolMissing extends LabException {

  private static final long serialVersionUID = 1;

  public ToolMissing(String message) {
    super(message);
  }
}
