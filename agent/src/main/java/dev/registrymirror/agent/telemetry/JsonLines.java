package dev.registrymirror.agent.telemetry;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/**
 * Writes each log record as one line of JSON: {@code time}, {@code level}, {@code logger}, {@code
 * msg}, then its keys. Only ASCII is written, so that no setting of a terminal garbles it.
 */
public final class JsonLines extends Handler {

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  /** Deeper stack traces are cut: a line of log has a bound. */
  private static final int MAX_FRAMES = 12;

  /** So many causes of a failure are named. */
  private static final int MAX_CAUSES = 5;

  /** Characters; longer texts are cut. */
  static final int MAX_TEXT = 4096;

  /** What {@link Log} writes to; null before {@link #install}. Read by any thread. */
  private static volatile JsonLines installed;

  /** Parent of every {@link Log}; kept here, as the JDK holds its loggers weakly. */
  static final Logger AGENT = Logger.getLogger("agent");

  /** For the text of libraries' records, which may have places for parameters. */
  private final SimpleFormatter libraries = new SimpleFormatter();

  private final PrintStream out;

  private JsonLines(PrintStream out) {
    this.out = out;
  }

  /**
   * Makes this the only form of logging in the process.
   *
   * @param level {@code debug}, {@code info}, {@code warn} or {@code error}
   * @throws IllegalArgumentException for another level
   */
  public static void install(PrintStream out, String level) {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    // Libraries stay at info or above: netty writes a debug line for each event of a channel.
    root.setLevel(level(level).intValue() < Level.INFO.intValue() ? Level.INFO : level(level));
    AGENT.setLevel(level(level));
    JsonLines lines = new JsonLines(out);
    root.addHandler(lines);
    installed = lines;
  }

  /** Back to the JDK's own logging, for tests. */
  static void uninstall() throws IOException {
    installed = null;
    LogManager.getLogManager().readConfiguration();
  }

  /**
   * Writes a record of the agent's own. Not through its logger where that can be helped: the JDK
   * takes the handlers from all loggers as soon as the process is told to end, while the agent
   * still has its streams to drain and something to say of it.
   */
  static void write(Logger logger, LogRecord logRecord) {
    JsonLines lines = installed;
    if (lines == null) {
      logger.log(logRecord);
    } else {
      lines.publish(logRecord);
    }
  }

  private static Level level(String name) {
    return switch (name) {
      case "debug" -> Level.FINE;
      case "info" -> Level.INFO;
      case "warn" -> Level.WARNING;
      case "error" -> Level.SEVERE;
      default ->
          throw new IllegalArgumentException(
              "not a log level: " + name + " (debug, info, warn, error)");
    };
  }

  private static String name(Level level) {
    int value = level.intValue();
    if (value >= Level.SEVERE.intValue()) {
      return "error";
    }
    if (value >= Level.WARNING.intValue()) {
      return "warn";
    }
    return value >= Level.INFO.intValue() ? "info" : "debug";
  }

  @Override
  public void publish(LogRecord logRecord) {
    StringWriter line = new StringWriter(256);
    try (JsonGenerator json = JSON.createGenerator(line)) {
      json.writeStartObject();
      json.writeStringField("time", logRecord.getInstant().toString());
      json.writeStringField("level", name(logRecord.getLevel()));
      json.writeStringField("logger", logRecord.getLoggerName());
      if (isOurs(logRecord)) {
        json.writeStringField("msg", logRecord.getMessage());
        writePairs(json, logRecord.getParameters());
      } else {
        json.writeStringField("msg", cut(libraries.formatMessage(logRecord)));
      }
      if (logRecord.getThrown() != null) {
        json.writeStringField("error", cut(trace(logRecord.getThrown())));
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new AssertionError("a string writer does not fail", e);
    }
    out.println(line);
  }

  private static boolean isOurs(LogRecord logRecord) {
    String name = logRecord.getLoggerName();
    return name != null && name.startsWith(AGENT.getName() + ".");
  }

  private static void writePairs(JsonGenerator json, Object[] pairs) throws IOException {
    for (int i = 0; pairs != null && i < pairs.length; i += 2) {
      json.writeFieldName(String.valueOf(pairs[i]));
      // A key without a value is a slip of ours, and shows as null rather than not at all.
      Object value = i + 1 < pairs.length ? pairs[i + 1] : null;
      switch (value) {
        case null -> json.writeNull();
        case Long number -> json.writeNumber(number);
        case Integer number -> json.writeNumber(number);
        case Double number -> json.writeNumber(number);
        case Boolean flag -> json.writeBoolean(flag);
        default -> json.writeString(cut(value.toString()));
      }
    }
  }

  private static String trace(Throwable thrown) {
    StringBuilder text = new StringBuilder(thrown.toString());
    StackTraceElement[] frames = thrown.getStackTrace();
    for (int i = 0; i < Math.min(frames.length, MAX_FRAMES); i++) {
      text.append("\n  at ").append(frames[i]);
    }
    Throwable cause = thrown.getCause();
    for (int i = 0; cause != null && i < MAX_CAUSES; i++) {
      text.append("\ncaused by ").append(cause);
      cause = cause.getCause();
    }
    return text.toString();
  }

  private static String cut(String text) {
    return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + "...";
  }

  @Override
  public void flush() {
    out.flush();
  }

  @Override
  public void close() {
    flush();
  }
}
