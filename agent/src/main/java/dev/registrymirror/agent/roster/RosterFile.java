package dev.registrymirror.agent.roster;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.registrymirror.agent.homes.Peer;
import java.io.IOException;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What stands in a roster file:
 *
 * <pre>{@code
 * {"version": 1, "nodes": [{"ip": "10.0.0.11", "zone": "a", "port": 29998}]}
 * }</pre>
 *
 * Zone and port may be missing, fields that are not known are passed over. A file with a fault is
 * no roster at all: half of one would move shards.
 */
final class RosterFile {

  static final int VERSION = 1;

  /** In bytes. */
  static final int MAX_BYTES = 1 << 20;

  /** The design's port for agents. */
  static final int DEFAULT_PORT = 29_998;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(32)
                  .maxStringLength(4_096)
                  .maxNameLength(256)
                  .maxNumberLength(32)
                  .build())
          .build();

  /** A file that is no roster: where, and what is wrong. */
  static final class MalformedRosterException extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedRosterException(String what) {
      super(what);
    }

    MalformedRosterException(String what, JsonLocation at) {
      super(what + ", line " + at.getLineNr() + ", column " + at.getColumnNr());
    }
  }

  private RosterFile() {}

  /**
   * The nodes, each once, at least one.
   *
   * @throws MalformedRosterException with line and column, where there are
   */
  static List<Peer> parse(byte[] bytes) throws MalformedRosterException {
    try (JsonParser parser = JSON.createParser(bytes)) {
      return parse(parser);
    } catch (MalformedRosterException e) {
      throw e;
    } catch (JsonProcessingException e) {
      throw e.getLocation() == null
          ? new MalformedRosterException(e.getOriginalMessage())
          : new MalformedRosterException(e.getOriginalMessage(), e.getLocation());
    } catch (IOException e) {
      throw new MalformedRosterException(e.getMessage());
    }
  }

  private static List<Peer> parse(JsonParser parser) throws IOException {
    if (parser.nextToken() == null) {
      throw new MalformedRosterException("empty");
    }
    expect(parser, JsonToken.START_OBJECT, "an object");
    int version = 0;
    Map<Peer, Peer> nodes = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "version" -> {
          expect(parser, JsonToken.VALUE_NUMBER_INT, "a number as version");
          version = parser.getIntValue();
          if (version != VERSION) {
            throw malformed(parser, "version " + version + ", this agent reads " + VERSION);
          }
        }
        case "nodes" -> nodes(parser, nodes);
        default -> parser.skipChildren();
      }
    }
    if (parser.nextToken() != null) {
      throw malformed(parser, "something after the end");
    }
    if (version == 0) {
      throw new MalformedRosterException("no version");
    }
    if (nodes.isEmpty()) {
      throw new MalformedRosterException("no nodes");
    }
    return List.copyOf(nodes.values());
  }

  private static void nodes(JsonParser parser, Map<Peer, Peer> nodes) throws IOException {
    expect(parser, JsonToken.START_ARRAY, "a list as nodes");
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      expect(parser, JsonToken.START_OBJECT, "an object as node");
      Peer node = node(parser);
      nodes.put(node, node);
      if (nodes.size() > Members.MAX_NODES) {
        throw malformed(parser, "more than " + Members.MAX_NODES + " nodes");
      }
    }
  }

  private static Peer node(JsonParser parser) throws IOException {
    String ip = null;
    String zone = "";
    int port = DEFAULT_PORT;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "ip" -> {
          expect(parser, JsonToken.VALUE_STRING, "a text as ip");
          ip = address(parser);
        }
        case "zone" -> {
          expect(parser, JsonToken.VALUE_STRING, "a text as zone");
          zone = parser.getText();
        }
        case "port" -> {
          expect(parser, JsonToken.VALUE_NUMBER_INT, "a number as port");
          port = parser.getIntValue();
          if (port == 0) {
            throw malformed(parser, "port 0");
          }
        }
        default -> parser.skipChildren();
      }
    }
    if (ip == null) {
      throw malformed(parser, "a node without ip");
    }
    try {
      return new Peer(ip, port, zone);
    } catch (IllegalArgumentException e) {
      throw malformed(parser, e.getMessage());
    }
  }

  /** In one form, so that all nodes rank it alike. */
  private static String address(JsonParser parser) throws IOException {
    try {
      return InetAddress.ofLiteral(parser.getText()).getHostAddress();
    } catch (IllegalArgumentException e) {
      throw malformed(parser, "no IP address: " + parser.getText());
    }
  }

  private static void expect(JsonParser parser, JsonToken token, String what) throws IOException {
    if (parser.currentToken() != token) {
      throw malformed(parser, "expected " + what);
    }
  }

  private static MalformedRosterException malformed(JsonParser parser, String what) {
    return new MalformedRosterException(what, parser.currentTokenLocation());
  }
}
