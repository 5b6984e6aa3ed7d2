package dev.registrymirror.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.registrymirror.lab.AgentMirror;
import dev.registrymirror.lab.Lab;
import dev.registrymirror.lab.NeedsLab;
import dev.registrymirror.lab.Node;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.FreePorts;
import dev.registrymirror.lab.tools.Tools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * A real Prometheus scrapes real agents, and is asked all that the dashboard and the alerts ask.
 */
@NeedsLab
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PrometheusTest {

  private static final Duration BOUND = Duration.ofSeconds(60);
  private static final Path MANIFESTS =
      Path.of("../operator/src/main/resources/dev/registrymirror/operator/resources");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private static Lab lab;
  private static Node first;
  private static Node second;
  private static Process prometheus;
  private static int port;

  @BeforeAll
  static void start() throws IOException {
    lab = Lab.create();
    first = lab.node("n1", lab.newestContainerd());
    second = lab.node("n2", lab.newestContainerd());
    lab.startAgents();
    Path rules = Files.writeString(lab.directory().resolve("rules.yml"), rules());
    Path tools = Tools.prepare().prometheus();
    assertThat(
            Command.run(tools.resolve("promtool").toString(), "check", "rules", rules.toString()))
        .contains("SUCCESS");
    port = FreePorts.find(1).getFirst();
    Path config =
        Files.writeString(
            lab.directory().resolve("prometheus.yml"),
            """
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: [%s]
            scrape_configs:
            - job_name: spegel
              metrics_path: %s
              static_configs:
              - {targets: ["%s"], labels: {node: n1}}
              - {targets: ["%s"], labels: {node: n2}}
            """
                .formatted(
                    rules,
                    YAML.readTree(MANIFESTS.resolve("servicemonitor.yaml").toFile())
                        .at("/spec/endpoints/0/path")
                        .asText(),
                    first.endpoint(AgentMirror.METRICS_PORT),
                    second.endpoint(AgentMirror.METRICS_PORT)));
    prometheus =
        new ProcessBuilder(
                tools.resolve("prometheus").toString(),
                "--config.file=" + config,
                "--storage.tsdb.path=" + lab.directory().resolve("prometheus"),
                "--web.listen-address=127.0.0.1:" + port)
            .redirectErrorStream(true)
            .redirectOutput(lab.directory().resolve("prometheus.log").toFile())
            .start();
  }

  /** The rules as the operator makes them, without what Kubernetes wants around them. */
  private static String rules() throws IOException {
    String manifest =
        Files.readString(MANIFESTS.resolve("alerts.yaml")).replace("MIRROR", "spegel");
    return YAML.writeValueAsString(YAML.readTree(manifest).get("spec"));
  }

  @AfterAll
  static void end() throws InterruptedException {
    if (prometheus != null) {
      prometheus.destroy();
      prometheus.waitFor();
    }
    if (lab != null) {
      lab.close();
    }
  }

  private static JsonNode ask(String path) {
    try {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/" + path))
              .timeout(Duration.ofSeconds(5))
              .build();
      return JSON.readTree(HTTP.send(request, BodyHandlers.ofString()).body()).path("data");
    } catch (IOException e) {
      // It starts.
      return JSON.createObjectNode();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new IOException(e));
    }
  }

  private static boolean hasResult(String expression) {
    String query = URLEncoder.encode(expression, StandardCharsets.UTF_8);
    for (JsonNode series : ask("query?query=" + query).path("result")) {
      // A quantile of what did not happen is none.
      if (!series.at("/value/1").asText().equals("NaN")) {
        return true;
      }
    }
    return false;
  }

  private static void pull(String name) {
    String image = lab.upstream().push(ImageRecipe.named(name)).reference();
    first.pull(image);
    second.pull(image);
  }

  @Test
  @Order(1)
  void everyQueryOfTheDashboardHasAResult() throws IOException {
    // Given: rates need two scrapes with something in between.
    pull("before:1");
    Await.until("both are scraped", BOUND, () -> hasResult("sum(up{job=\"spegel\"}) == 2"));
    pull("after:1");

    List<String> expressions = new ArrayList<>();
    JsonNode panels = JSON.readTree(MANIFESTS.resolve("dashboard.json").toFile()).get("panels");
    for (JsonNode panel : panels) {
      for (JsonNode target : panel.get("targets")) {
        expressions.add(
            target
                .get("expr")
                .asText()
                .replace("$job", "spegel")
                .replace("$__rate_interval", "1m"));
      }
    }
    assertThat(expressions).hasSizeGreaterThan(10);
    for (String expression : expressions) {
      Await.until(expression, BOUND, () -> hasResult(expression));
    }
  }

  private static String state(String alert) {
    for (JsonNode group : ask("rules").path("groups")) {
      for (JsonNode rule : group.get("rules")) {
        if (rule.get("name").asText().equals(alert)) {
          return rule.get("state").asText() + " " + rule.get("health").asText();
        }
      }
    }
    return "none";
  }

  @Test
  @Order(2)
  void alertsAreSilentWhileAllIsWellAndFireWhereItIsNot() throws IOException {
    Await.until("both are scraped", BOUND, () -> hasResult("sum(up{job=\"spegel\"}) == 2"));
    for (String alert :
        List.of(
            "RegistryMirrorAgentDown",
            "RegistryMirrorErrors",
            "RegistryMirrorPeersFail",
            "RegistryMirrorUnauthorized",
            "RegistryMirrorRosterDiffers")) {
      Await.until(alert, BOUND, () -> state(alert).equals("inactive ok"));
    }

    // When: an image comes past the mirror.
    Path hosts = Files.createDirectories(second.directory().resolve("other/registry.lab"));
    Files.writeString(
        hosts.resolve("hosts.toml"), "server = \"" + lab.upstream().address() + "\"\n");
    AtomicInteger images = new AtomicInteger();
    Await.until(
        "a bypass is told of",
        BOUND,
        () -> {
          // Another each time: an agent counts none of its first seconds.
          String name = "past-" + images.incrementAndGet() + ":1";
          String past = lab.upstream().push(ImageRecipe.named(name)).reference();
          second.ctr("content", "fetch", "--hosts-dir", hosts.getParent().toString(), past);
          return state("RegistryMirrorBypassed").equals("firing ok");
        });

    // When: an agent is gone. It fires after ten minutes, so it is pending here.
    second.mirror().kill();
    Await.until("pending", BOUND, () -> state("RegistryMirrorAgentDown").equals("pending ok"));
  }
}
