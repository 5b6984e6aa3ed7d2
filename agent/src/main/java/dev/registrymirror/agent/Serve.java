package dev.registrymirror.agent;

import dev.registrymirror.agent.cli.ServeOptions;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;

/** Runs the agent until SIGTERM. */
final class Serve {
  private Serve() {}

  /**
   * Never returns: on SIGTERM or SIGINT the agent drains and the process ends with exit code 0.
   *
   * @throws IOException where it cannot start
   */
  static int run(ServeOptions options, String version) throws IOException, InterruptedException {
    Agent agent = new Agent(options, version);
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("drain")
                .unstarted(
                    () -> {
                      agent.close();
                      // A signal's own exit code (143) would count as a failure.
                      Runtime.getRuntime().halt(0);
                    }));
    new CountDownLatch(1).await();
    return 0;
  }
}
