package dev.registrymirror.operator;

import dev.registrymirror.operator.nodes.Agents;
import dev.registrymirror.operator.reconcile.RegistryMirrorReconciler;
import dev.registrymirror.operator.reconcile.Uninstall;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator. Without arguments it runs until SIGTERM; {@code uninstall} deletes the
 * RegistryMirrors that it serves and waits for them, which is what the chart does before the
 * operator itself goes. It composes, and decides nothing.
 */
public final class Main {

  private static final Logger log = LoggerFactory.getLogger(Main.class);

  private static final String LEASE = "registry-mirror-operator";

  /** For what is being reconciled when SIGTERM comes. */
  private static final Duration SHUTDOWN = Duration.ofSeconds(10);

  private Main() {}

  /** Exit codes: 0 done, 1 failed while running, 2 wrong use. */
  public static void main(String[] args) {
    List<String> arguments = List.of(args);
    if (!arguments.isEmpty() && !arguments.equals(List.of("uninstall"))) {
      misuse("no arguments are expected, or: uninstall");
    }
    Settings settings;
    try {
      settings = Settings.from(System.getenv());
    } catch (Settings.UnusableSettingException e) {
      misuse(e.getMessage());
      return;
    }
    try {
      if (arguments.isEmpty()) {
        run(settings);
      } else {
        uninstall(settings);
      }
    } catch (IOException | RuntimeException e) {
      log.error("the operator ends", e);
      System.exit(1);
    }
  }

  private static void misuse(String what) {
    System.err.println("registry-mirror-operator: " + what);
    System.exit(2);
  }

  private static void uninstall(Settings settings) {
    try (KubernetesClient client = new KubernetesClientBuilder().build()) {
      System.exit(new Uninstall(client, settings.watched()).run() ? 0 : 1);
    }
  }

  private static void run(Settings settings) throws IOException {
    PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    Agents agents = new Agents();
    KubernetesClient client = new KubernetesClientBuilder().build();
    Operator operator =
        new Operator(
            overrider -> {
              overrider
                  .withKubernetesClient(client)
                  .withMetrics(MicrometerMetrics.withoutPerResourceMetrics(metrics))
                  .withReconciliationTerminationTimeout(SHUTDOWN);
              if (settings.leaderElection()) {
                overrider.withLeaderElectionConfiguration(
                    new LeaderElectionConfiguration(LEASE, settings.namespace()));
              }
            });
    operator.register(
        new RegistryMirrorReconciler(
            settings.agentImage(),
            agents,
            Clock.systemUTC(),
            RegistryMirrorReconciler.Pace.DEFAULT),
        controller -> controller.settingNamespaces(settings.watched()));
    OpsServer ops = OpsServer.start(settings.port(), operator, metrics);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  log.info("ends");
                  ops.close();
                  operator.stop();
                  agents.close();
                },
                "end"));
    log.info(
        "serves RegistryMirrors in {}; agents of {}", settings.watched(), settings.agentImage());
    // Returns at once where there is no leader election, else when this replica leads.
    operator.start();
  }
}
