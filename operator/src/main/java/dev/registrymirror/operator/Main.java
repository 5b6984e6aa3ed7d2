package dev.registrymirror.operator;

import dev.registrymirror.operator.nodes.Agents;
import dev.registrymirror.operator.reconcile.RegistryMirrorReconciler;
import dev.registrymirror.operator.reconcile.Uninstall;
import dev.registrymirror.operator.resources.Labels;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator. Without arguments it runs until SIGTERM; {@code uninstall} deletes the
 * RegistryMirrors that it serves and waits for them, which is what the chart does before the
 * operator itself goes. It composes, and decides nothing.
 */
public final class Main {

  private static final Logger log = LoggerFactory.getLogger(Main.class);

  /** RegistryMirrors at once: of 50, the default, each would come to be there one day. */
  private static final int THREADS = 4;

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
    AtomicBoolean ends = new AtomicBoolean();
    Operator operator =
        new Operator(
            overrider -> {
              overrider
                  .withKubernetesClient(client)
                  .withMetrics(MicrometerMetrics.withoutPerResourceMetrics(metrics))
                  .withConcurrentReconciliationThreads(THREADS)
                  .withReconciliationTerminationTimeout(SHUTDOWN);
              if (settings.leaderElection()) {
                overrider.withLeaderElectionConfiguration(lease(settings.namespace(), ends));
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
                  ends.set(true);
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

  /**
   * Who loses the lease ends at once, as another leads. By default the framework would call {@code
   * exit}, also when the end itself gives the lease back, and then wait for itself.
   */
  private static LeaderElectionConfiguration lease(String namespace, AtomicBoolean ends) {
    Runnable lost =
        () -> {
          if (!ends.get()) {
            log.error("ends, as the lease is lost");
            Runtime.getRuntime().halt(1);
          }
        };
    return LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(Labels.OPERATOR)
        .withLeaseNamespace(namespace)
        .withExitOnStopLeading(false)
        .withLeaderCallbacks(new LeaderCallbacks(() -> {}, lost, leader -> {}))
        .build();
  }
}
