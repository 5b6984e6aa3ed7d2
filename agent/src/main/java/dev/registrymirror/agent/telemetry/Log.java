package dev.registrymirror.agent.telemetry;

import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Structured logging: one line an event, with keys and values. Over the JDK's own logging, so that
 * the libraries' lines take the same form.
 *
 * <p>Never pass a secret, nor an {@code Authorization} header.
 */
public final class Log {

  private final Logger logger;

  private Log(Logger logger) {
    this.logger = logger;
  }

  /** The log of a part of the agent: {@code store}, {@code homes}. */
  public static Log of(String part) {
    return new Log(Logger.getLogger(JsonLines.AGENT.getName() + "." + part));
  }

  /** Whether debug lines are written; ask before computing what only they need. */
  public boolean isDebug() {
    return logger.isLoggable(Level.FINE);
  }

  /** For those who look for a fault: each request, each message. */
  public void debug(String event, Object... keysAndValues) {
    log(Level.FINE, event, null, keysAndValues);
  }

  /** For those who run the agent: what it is and what changed. */
  public void info(String event, Object... keysAndValues) {
    log(Level.INFO, event, null, keysAndValues);
  }

  /** Something stands in the way and is worked around. */
  public void warn(String event, Object... keysAndValues) {
    log(Level.WARNING, event, null, keysAndValues);
  }

  /** The same, with its cause. */
  public void warn(String event, Throwable cause, Object... keysAndValues) {
    log(Level.WARNING, event, cause, keysAndValues);
  }

  /** The agent cannot do its work, or found a fault of its own. */
  public void error(String event, Throwable cause, Object... keysAndValues) {
    log(Level.SEVERE, event, cause, keysAndValues);
  }

  private void log(Level level, String event, Throwable cause, Object... keysAndValues) {
    if (!logger.isLoggable(level)) {
      return;
    }
    LogRecord logRecord = new LogRecord(level, event);
    logRecord.setLoggerName(logger.getName());
    logRecord.setParameters(keysAndValues);
    logRecord.setThrown(cause);
    JsonLines.write(logger, logRecord);
  }
}
