package dev.registrymirror.lab.machine;

/** Work that is done once: when it is asked for, else when the JVM ends. */
public final class Ending implements AutoCloseable {

  private final Runnable work;
  private final Thread onShutdown;
  private boolean done;

  public Ending(String name, Runnable work) {
    this.work = work;
    onShutdown = new Thread(this::doOnce, name);
    Runtime.getRuntime().addShutdownHook(onShutdown);
  }

  private synchronized void doOnce() {
    if (!done) {
      done = true;
      work.run();
    }
  }

  /** Does the work, unless it is done already. */
  @Override
  public void close() {
    doOnce();
    try {
      Runtime.getRuntime().removeShutdownHook(onShutdown);
    } catch (IllegalStateException shuttingDown) {
      // The hook is what runs.
      assert done;
    }
  }
}
