package dev.registrymirror.agent.roster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.roster.RosterFile.MalformedRosterException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RosterFileTest {

  @Test
  void readsNodesWithAndWithoutZoneAndPort() throws IOException {
    // When
    List<Peer> nodes =
        parse(
            """
            {"version": 1, "published": {"by": ["operator"]}, "nodes": [
              {"ip": "10.0.0.11", "zone": "a", "port": 30000, "flags": ["arm64"]},
              {"ip": "10.0.0.12"},
              {"ip": "fd00::1", "zone": "b"},
              {"ip": "fd00:0::0:1", "zone": "c"}
            ]}
            """);

    // Then each is there once, its address in one form
    assertThat(nodes)
        .extracting(peer -> peer.address() + " " + peer.zone())
        .containsExactly("10.0.0.11:30000 a", "10.0.0.12:29998 ", "[fd00:0:0:0:0:0:0:1]:29998 c");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          ``                                                  | empty
          []                                                  | expected an object, line 1, column 1
          {"version":1}                                       | no nodes
          {"version":1,"nodes":[]}                            | no nodes
          {"nodes":[{"ip":"10.0.0.1"}]}                       | no version
          {"version":2,"nodes":[]}                            | version 2, this agent reads 1, line 1, column 12
          {"version":1,"nodes":[{"ip":"node1"}]}              | no IP address: node1, line 1, column 29
          {"version":1,"nodes":[{"zone":"a"}]}                | a node without ip, line 1, column 34
          {"version":1,"nodes":[{"ip":"10.0.0.1","port":0}]}  | port 0, line 1, column 47
          {"version":1,"nodes":[{"ip":"10.0.0.1","port":70000}]} | not a port: 70000
          {"version":1,"nodes":[{"ip":7}]}                    | expected a text as ip, line 1, column 29
          {"version":1,"nodes":{}}                            | expected a list as nodes, line 1, column 22
          {"version":1,"nodes":[{"ip":"10.0.0.1"}]} x         | Unrecognized token 'x'
          {"version":1,"nodes":[{"ip":"10.0.0.1"              | line 1, column
          """)
  void saysWhatIsWrongAndWhere(String json, String fault) {
    assertThatThrownBy(() -> parse(json))
        .isInstanceOf(MalformedRosterException.class)
        .hasMessageContaining(fault);
  }

  @Test
  void refusesMoreNodesThanAreSupported() {
    String nodes =
        IntStream.range(0, Members.MAX_NODES + 1)
            .mapToObj(i -> "{\"ip\":\"10.%d.%d.%d\"}".formatted(i >> 16, i >> 8 & 255, i & 255))
            .collect(Collectors.joining(","));

    assertThatThrownBy(() -> parse("{\"version\":1,\"nodes\":[" + nodes + "]}"))
        .isInstanceOf(MalformedRosterException.class)
        .hasMessageContaining("more than 10000 nodes");
  }

  @Property
  void garbageIsMalformed(@ForAll byte[] garbage) {
    assertThatThrownBy(() -> RosterFile.parse(garbage))
        .isInstanceOf(MalformedRosterException.class);
  }

  private static List<Peer> parse(String json) throws IOException {
    return RosterFile.parse(json.getBytes(StandardCharsets.UTF_8));
  }
}
