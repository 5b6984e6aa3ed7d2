package dev.registrymirror.agent;

import dev.registrymirror.agent.cli.ServeOptions;

/** Composes the agent and runs it until SIGTERM. */
final class Serve {
  private Serve() {}

  /**
   * Returns when the agent has drained.
   *
   * @return the exit code: 0 after SIGTERM
   * @throws Exception where it cannot start
   */
  static int run(ServeOptions options) throws Exception {
    throw new UnsupportedOperationException("serve is not composed yet");
  }
}
