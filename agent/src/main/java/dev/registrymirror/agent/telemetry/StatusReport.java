package dev.registrymirror.agent.telemetry;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import dev.registrymirror.agent.telemetry.Metrics.Result;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What the agent says of itself on {@code /status} and on the page. It names no image: whoever
 * reaches the listener for metrics may read it.
 *
 * @param node the node's name
 * @param version the agent's
 * @param since when the agent started
 * @param store whether the store of this node is watched, and what is wrong
 * @param containerdVersion empty where there is none, or none has answered yet
 * @param mirrored whether containerd's hosts directory has the mirror's entries now
 * @param served what was sent to other nodes since the start
 * @param bypassed what containerd has pulled without asking the mirror since the start
 * @param problems what stands in the way now
 * @param rosterNodes nodes that this agent knows, itself among them
 * @param advertised what is announced to the cluster now, of the kinds that are told apart
 * @param requests from containerd since the start, by how they ended
 * @param bytes of bodies sent to containerd since the start, by where they came from
 * @param leads downloads under way that this node leads: other nodes follow them
 * @param follows requests of this node's containerd under way that follow another node's download
 * @param peersLeftOut peers that failed lately and are not asked for a while
 * @param deadlines the bounds that are set
 */
public record StatusReport(
    String node,
    String version,
    Instant since,
    Store store,
    String containerdVersion,
    boolean mirrored,
    Served.Sum served,
    List<Bypassed> bypassed,
    List<Problem> problems,
    int rosterNodes,
    Map<Kind, Long> advertised,
    Map<Result, Long> requests,
    Map<Result, Long> bytes,
    int leads,
    int follows,
    int peersLeftOut,
    Deadlines deadlines) {

  /**
   * The store of this node.
   *
   * @param reachable whether everything is watched
   * @param detail what is wrong and its mend, empty where nothing is
   */
  public record Store(boolean reachable, String detail) {}

  /**
   * Images of one registry that were pulled without asking the mirror, for one reason.
   *
   * @param last when the last was noticed
   */
  public record Bypassed(String registry, Obstacle reason, long images, Instant last) {}

  /**
   * Something that stands in the way.
   *
   * @param detail one sentence with its mend, for this node
   */
  public record Problem(Obstacle reason, String detail) {}

  private static final JsonFactory JSON = new JsonFactory();

  public StatusReport {
    bypassed = List.copyOf(bypassed);
    problems = List.copyOf(problems);
    advertised = Map.copyOf(advertised);
    requests = Map.copyOf(requests);
    bytes = Map.copyOf(bytes);
  }

  /**
   * The report as JSON: times as in RFC 3339, deadlines in milliseconds. Fields may be added.
   *
   * @param notReady why the agent is not ready, empty where it is
   */
  byte[] json(Optional<String> notReady) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(1024);
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("node", node);
      json.writeStringField("mode", "serve");
      json.writeStringField("version", version);
      json.writeStringField("since", since.toString());
      json.writeBooleanField("ready", notReady.isEmpty());
      json.writeStringField("notReadyReason", notReady.orElse(""));
      json.writeObjectFieldStart("store");
      json.writeBooleanField("reachable", store.reachable());
      json.writeStringField("detail", store.detail());
      json.writeEndObject();
      json.writeStringField("containerdVersion", containerdVersion);
      json.writeBooleanField("mirrored", mirrored);
      json.writeObjectFieldStart("served");
      json.writeNumberField("blobs", served.blobs());
      json.writeNumberField("bytes", served.bytes());
      json.writeEndObject();
      json.writeStringField("lastServed", served.last().map(Instant::toString).orElse(""));
      writeObstacles(json);
      json.writeNumberField("rosterNodes", rosterNodes);
      json.writeObjectFieldStart("advertised");
      for (Kind kind : Kind.values()) {
        if (advertised.containsKey(kind)) {
          json.writeNumberField(name(kind), advertised.get(kind));
        }
      }
      json.writeEndObject();
      writeResults(json, "requests", requests);
      writeResults(json, "bytes", bytes);
      json.writeObjectFieldStart("flights");
      json.writeNumberField("leader", leads);
      json.writeNumberField("follower", follows);
      json.writeEndObject();
      json.writeNumberField("peersLeftOut", peersLeftOut);
      writeDeadlines(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new AssertionError("a byte array does not fail", e);
    }
    return out.toByteArray();
  }

  private void writeObstacles(JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("bypassed");
    for (Bypassed each : bypassed) {
      json.writeStartObject();
      json.writeStringField("registry", each.registry());
      json.writeStringField("reason", each.reason().label());
      json.writeNumberField("images", each.images());
      json.writeStringField("last", each.last().toString());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("problems");
    for (Problem each : problems) {
      json.writeStartObject();
      json.writeStringField("reason", each.reason().label());
      json.writeStringField("detail", each.detail());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void writeResults(JsonGenerator json, String field, Map<Result, Long> counts)
      throws IOException {
    json.writeObjectFieldStart(field);
    for (Result result : Result.values()) {
      json.writeNumberField(name(result), counts.getOrDefault(result, 0L));
    }
    json.writeEndObject();
  }

  private void writeDeadlines(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("deadlineMillis");
    json.writeNumberField("connect", deadlines.connect().toMillis());
    json.writeNumberField("lookup", deadlines.lookup().toMillis());
    json.writeNumberField("place", deadlines.place().toMillis());
    json.writeNumberField("firstByte", deadlines.firstByte().toMillis());
    json.writeNumberField("stall", deadlines.stall().toMillis());
    json.writeNumberField("flightQuiet", deadlines.flightQuiet().toMillis());
    json.writeNumberField("flightWait", deadlines.flightWait().toMillis());
    json.writeNumberField("upstreamHead", deadlines.upstreamHead().toMillis());
    json.writeNumberField("wholePull", deadlines.wholePull().toMillis());
    json.writeNumberField("drain", deadlines.drain().toMillis());
    json.writeEndObject();
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
