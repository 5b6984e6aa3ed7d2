package dev.registrymirror.agent.telemetry;

import dev.registrymirror.agent.telemetry.Metrics.Kind;
import dev.registrymirror.agent.telemetry.Metrics.Result;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The page that a person reads: a {@link StatusReport} in words and numbers. */
final class StatusPage {

  private static final Pattern FIELD = Pattern.compile("\\{\\{([a-zA-Z]+)}}");

  private final String template;
  private final String contentSecurityPolicy;

  StatusPage() {
    try (InputStream page = StatusPage.class.getResourceAsStream("page.html")) {
      template = new String(page.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("page.html of the agent's own jar", e);
    }
    String script = template.substring(end("<script>"), template.indexOf("</script>"));
    contentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; "
            + "form-action 'none'; frame-ancestors 'none'; script-src 'sha256-"
            + sha256(script)
            + "'";
  }

  private int end(String tag) {
    return template.indexOf(tag) + tag.length();
  }

  private static String sha256(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return Base64.getEncoder().encodeToString(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /** The header that lets the page's own script run, and nothing else. */
  String contentSecurityPolicy() {
    return contentSecurityPolicy;
  }

  /**
   * @param notReady why the agent is not ready, empty where it is
   */
  byte[] html(StatusReport report, Optional<String> notReady, Instant now) {
    Map<String, String> values = new HashMap<>();
    values.put("node", report.node());
    values.put("version", report.version());
    values.put("uptime", inWords(Duration.between(report.since(), now)));
    values.put("now", now.truncatedTo(ChronoUnit.SECONDS).toString());
    values.put("ready", notReady.map(reason -> "Not ready: " + reason).orElse("Ready"));
    values.put("readyClass", notReady.isEmpty() ? "good" : "bad");
    for (Result result : Result.values()) {
      values.put("requests" + title(result), number(report.requests().getOrDefault(result, 0L)));
      values.put("bytes" + title(result), bytes(report.bytes().getOrDefault(result, 0L)));
    }
    values.put("tags", number(report.advertised().getOrDefault(Kind.TAG, 0L)));
    values.put(
        "blobs",
        number(
            report.advertised().getOrDefault(Kind.BLOB, 0L)
                + report.advertised().getOrDefault(Kind.MANIFEST, 0L)));
    values.put("leads", number(report.leads()));
    values.put("follows", number(report.follows()));
    values.put("servedBlobs", number(report.served().blobs()));
    values.put("servedBytes", bytes(report.served().bytes()));
    putStore(values, report.store());
    putObstacles(values, report);
    putCluster(values, report);
    putDeadlines(values, report);
    return FIELD
        .matcher(template)
        .replaceAll(field -> Matcher.quoteReplacement(escape(value(values, field.group(1)))))
        .getBytes(StandardCharsets.UTF_8);
  }

  private static void putStore(Map<String, String> values, StatusReport.Store store) {
    String detail = store.detail().isEmpty() ? "" : ": " + store.detail();
    values.put(
        "store",
        (store.reachable() ? "This node’s store is watched" : "This node’s store is out of reach")
            + detail);
    values.put("storeClass", store.reachable() ? "good" : "bad");
  }

  private static void putObstacles(Map<String, String> values, StatusReport report) {
    long images = report.bypassed().stream().mapToLong(StatusReport.Bypassed::images).sum();
    values.put(
        "bypassed",
        images == 0
            ? "containerd has pulled no image past the mirror."
            : "Pulled past the mirror: "
                + report.bypassed().stream()
                    .map(
                        each ->
                            "%s from %s (%s)"
                                .formatted(
                                    count(each.images(), "image"),
                                    each.registry(),
                                    each.reason().label()))
                    .collect(Collectors.joining(", ")));
    values.put("bypassedClass", images == 0 ? "good" : "bad");
    values.put(
        "problems",
        report.problems().isEmpty()
            ? "Nothing stands in the way of sharing."
            : report.problems().stream()
                .map(StatusReport.Problem::detail)
                .collect(Collectors.joining(". ")));
    values.put("problemsClass", report.problems().isEmpty() ? "good" : "bad");
  }

  private static void putCluster(Map<String, String> values, StatusReport report) {
    values.put(
        "roster",
        report.rosterNodes() <= 1
            ? "This node knows of no other."
            : number(report.rosterNodes()) + " nodes share with each other, this one included.");
    values.put(
        "peers",
        report.peersLeftOut() == 0
            ? "No node is left out."
            : "Failed lately and left out for a while: " + count(report.peersLeftOut(), "node"));
    values.put("peersClass", report.peersLeftOut() == 0 ? "good" : "bad");
  }

  private static void putDeadlines(Map<String, String> values, StatusReport report) {
    values.put("connect", inUnits(report.deadlines().connect()));
    values.put("lookup", inUnits(report.deadlines().lookup()));
    values.put("firstByte", inUnits(report.deadlines().firstByte()));
    values.put("stall", inUnits(report.deadlines().stall()));
    values.put("upstreamHead", inUnits(report.deadlines().upstreamHead()));
    values.put("wholePull", inUnits(report.deadlines().wholePull()));
    values.put("drain", inUnits(report.deadlines().drain()));
  }

  private static String value(Map<String, String> values, String field) {
    String value = values.get(field);
    if (value == null) {
      throw new IllegalStateException("page.html has a field that nobody fills: " + field);
    }
    return value;
  }

  private static String title(Result result) {
    String name = result.name();
    return name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT);
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** Three figures and a unit: {@code 1.25 GiB}. */
  static String bytes(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    double value = bytes;
    int unit = -1;
    while (value >= 1024 && unit < 4) {
      value /= 1024;
      unit++;
    }
    String form = value < 10 ? "%.2f %ciB" : value < 100 ? "%.1f %ciB" : "%.0f %ciB";
    return String.format(Locale.ROOT, form, value, "KMGTP".charAt(unit));
  }

  /** The two largest units: {@code 3 days 4 hours}. */
  static String inWords(Duration duration) {
    long seconds = Math.max(0, duration.toSeconds());
    if (seconds < 60) {
      return count(seconds, "second");
    }
    if (seconds < 3600) {
      return count(seconds / 60, "minute");
    }
    if (seconds < 86_400) {
      return count(seconds / 3600, "hour") + " " + count(seconds / 60 % 60, "minute");
    }
    return count(seconds / 86_400, "day") + " " + count(seconds / 3600 % 24, "hour");
  }

  private static String count(long number, String unit) {
    return number + " " + unit + (number == 1 ? "" : "s");
  }

  private static String inUnits(Duration duration) {
    long millis = duration.toMillis();
    return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
