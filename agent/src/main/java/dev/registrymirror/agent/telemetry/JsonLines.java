package dev.registrymirror.agent.telemetry;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Writes each log record as one line of JSON: {@code time}, {@code level}, {@code logger}, {@code
 * msg}, then its keys.
 */
public final class JsonLines extends Handler {

  private static final JsonFactory JSON = new JsonFactory();

  /** Deeper stack traces are cut: a line of log has a bound. */
  private static final int MAX_FRAMES = 12;

  /** Parent of every {@link Log}; kept here, as the JDK holds its loggers weakly. */
  static final Logger AGENT = Logger.getLogger("agent");

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
    root.addHandler(new JsonLines(out));
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
      json.writeStringField("msg", logRecord.getMessage());
      writePairs(json, logRecord.getParameters());
      if (logRecord.getThrown() != null) {
        json.writeStringField("error", trace(logRecord.getThrown()));
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new AssertionError("a string writer does not fail", e);
    }
    out.println(line);
  }

  private static void writePairs(JsonGenerator json, Object[] pairs) throws IOException {
    for (int i = 0; pairs != null && i + 1 < pairs.length; i += 2) {
      json.writeFieldName(String.valueOf(pairs[i]));
      Object value = pairs[i + 1];
      switch (value) {
        case null -> json.writeNull();
        case Long number -> json.writeNumber(number);
        case Integer number -> json.writeNumber(number);
        case Double number -> json.writeNumber(number);
        case Boolean flag -> json.writeBoolean(flag);
        default -> json.writeString(value.toString());
      }
    }
  }

  private static String trace(Throwable thrown) {
    StringBuilder text = new StringBuilder(thrown.toString());
    StackTraceElement[] frames = thrown.getStackTrace();
    for (int i = 0; i < Math.min(frames.length, MAX_FRAMES); i++) {
      text.append("\n  at ").append(frames[i]);
    }
    if (thrown.getCause() != null) {
      text.append("\ncaused by ").append(thrown.getCause());
    }
    return text.toString();
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
