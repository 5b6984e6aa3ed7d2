package dev.registrymirror.operator.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.registrymirror.operator.crd.AgentSpec;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SelectionTest {

  private static final NodeFacts NODE =
      new NodeFacts(
          "n1",
          "10.0.0.1",
          "a",
          Map.of("pool", "web", "cores", "8", "os", "linux"),
          true,
          "linux",
          "",
          "",
          "");

  /** As the scheduler reads it (kubernetes.io, Assigning Pods to Nodes). */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {}                                                                       | true
          {nodeSelector: {pool: web}}                                              | true
          {nodeSelector: {pool: web, os: other}}                                   | false
          {nodeAffinity: TERMS [{matchExpressions: [{key: pool, operator: In, values: [db, web]}]}]} | true
          {nodeAffinity: TERMS [{matchExpressions: [{key: pool, operator: NotIn, values: [web]}]}]} | false
          {nodeAffinity: TERMS [{matchExpressions: [{key: none, operator: NotIn, values: [web]}]}]} | true
          {nodeAffinity: TERMS [{matchExpressions: [{key: pool, operator: Exists}]}]}        | true
          {nodeAffinity: TERMS [{matchExpressions: [{key: pool, operator: DoesNotExist}]}]}  | false
          {nodeAffinity: TERMS [{matchExpressions: [{key: cores, operator: Gt, values: ['4']}]}]} | true
          {nodeAffinity: TERMS [{matchExpressions: [{key: cores, operator: Lt, values: ['8']}]}]} | false
          {nodeAffinity: TERMS [{matchExpressions: [{key: pool, operator: Gt, values: ['4']}]}]}  | false
          {nodeAffinity: TERMS [{matchFields: [{key: metadata.name, operator: In, values: [n1]}]}]} | true
          {nodeAffinity: TERMS [{matchFields: [{key: metadata.name, operator: NotIn, values: [n1]}]}]} | false
          {nodeAffinity: TERMS [{}]}                                               | false
          {nodeAffinity: TERMS [{}, {matchExpressions: [{key: os, operator: Exists}]}]}      | true
          """)
  void selectsAsTheScheduler(String agent, boolean expected) throws IOException {
    String yaml =
        agent.contains("TERMS")
            ? agent.replace(
                    "TERMS", "{requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms:")
                + "}}"
            : agent;

    AgentSpec spec = new ObjectMapper(new YAMLFactory()).readValue(yaml, AgentSpec.class);

    assertThat(new Selection(spec).test(NODE)).isEqualTo(expected);
  }
}
