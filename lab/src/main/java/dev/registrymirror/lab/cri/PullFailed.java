package dev.registrymirror.lab.cri;

import dev.registrymirror.lab.machine.LabException;

/** containerd did not pull; the message is containerd's own. */
public final class PullFailed extends LabException {

  private static final long serialVersionUID = 1;

  PullFailed(String message, Throwable cause) {
    super(message, cause);
  }
}
