package dev.registrymirror.operator.reconcile;

import dev.registrymirror.operator.certificates.PeerIdentity;
import dev.registrymirror.operator.certificates.PullCredential;
import dev.registrymirror.operator.crd.MirrorSpec;
import dev.registrymirror.operator.crd.MonitoringSpec;
import dev.registrymirror.operator.crd.Provision;
import dev.registrymirror.operator.crd.RegistryMirror;
import dev.registrymirror.operator.nodes.RosterPace;
import dev.registrymirror.operator.resources.AgentDaemonSet;
import dev.registrymirror.operator.resources.AgentNetworkPolicy;
import dev.registrymirror.operator.resources.AgentService;
import dev.registrymirror.operator.resources.AlertRules;
import dev.registrymirror.operator.resources.Dashboard;
import dev.registrymirror.operator.resources.Names;
import dev.registrymirror.operator.resources.PeerIdentitySecrets;
import dev.registrymirror.operator.resources.PullCredentialSecret;
import dev.registrymirror.operator.resources.Roster;
import dev.registrymirror.operator.resources.ServiceMonitor;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes all that a RegistryMirror needs, each before what mounts it. */
final class Rollout {

  private static final Logger log = LoggerFactory.getLogger(Rollout.class);

  private final RegistryMirror mirror;
  private final Observed observed;
  private final KubernetesClient client;
  private final Applier applier;
  private final Instant now;

  Rollout(Observed observed, KubernetesClient client, Instant now) {
    this.mirror = observed.mirror();
    this.observed = observed;
    this.client = client;
    this.applier = new Applier(client);
    this.now = now;
  }

  /**
   * Makes what is missing and mends what is not as it is wanted.
   *
   * @return when to look again, where something has to wait
   */
  Optional<Duration> run(RosterPace pace, String agentImage) {
    MirrorSpec spec = mirror.getSpec();
    if (spec.peerTls() == Provision.Managed) {
      peerIdentity();
    }
    if (spec.pullCredential() == Provision.Managed) {
      pullCredential();
    }
    Optional<Duration> wait = roster(pace);
    applier.apply(AgentService.of(mirror));
    makeWhere(spec.networkPolicy() == Provision.Managed, AgentNetworkPolicy.of(mirror));
    applier.apply(
        AgentDaemonSet.serving(mirror, observed.paths(), observed.excluded(), agentImage));
    MonitoringSpec monitoring = spec.monitoring();
    makeWhere(monitoring.dashboard().enabled(), Dashboard.of(mirror));
    if (observed.serviceMonitors()) {
      // The definitions of both come together, with Prometheus Operator.
      makeWhere(monitoring.serviceMonitor().enabled(), ServiceMonitor.of(mirror));
      makeWhere(monitoring.alerts().enabled(), AlertRules.of(mirror));
    }
    return wait;
  }

  private void makeWhere(boolean wanted, HasMetadata made) {
    if (wanted) {
      applier.apply(made);
    } else {
      applier.remove(made);
    }
  }

  private void peerIdentity() {
    Secret authority = found(Secret.class, Names.authority(mirror));
    Secret mounted = found(Secret.class, Names.peerIdentity(mirror));
    PeerIdentity identity = next(authority, mounted);
    // The agents' first: trust comes before what is signed by whom is trusted.
    applier.apply(PeerIdentitySecrets.mounted(mirror, identity));
    applier.apply(PeerIdentitySecrets.authority(mirror, identity));
  }

  private PeerIdentity next(Secret authority, Secret mounted) {
    if (authority == null || mounted == null) {
      return PeerIdentity.create(now);
    }
    try {
      return PeerIdentitySecrets.parse(authority, mounted).next(now);
    } catch (CertificateException e) {
      log.warn(
          "certificates of {} are unusable and are made anew: {}",
          mirror.fullName(),
          e.getMessage());
      return PeerIdentity.create(now);
    }
  }

  private void pullCredential() {
    Optional<Secret> secret =
        Optional.ofNullable(found(Secret.class, Names.pullCredential(mirror)));
    PullCredential credential =
        secret
            .flatMap(PullCredentialSecret::parse)
            .map(known -> known.next(now))
            .orElseGet(() -> PullCredential.create(now));
    applier.apply(PullCredentialSecret.of(mirror, credential));
  }

  private Optional<Duration> roster(RosterPace pace) {
    String wanted = Roster.of(pace.nodes(observed.nodes(), now), mirror.getSpec().ports().peer());
    if (!Roster.fits(wanted)) {
      log.error("the roster of {} does not fit a ConfigMap: not published", mirror.fullName());
      return Optional.empty();
    }
    ConfigMap found = found(ConfigMap.class, Names.roster(mirror));
    boolean isCurrent = found != null && wanted.equals(found.getData().get(Roster.KEY));
    Optional<Duration> wait = isCurrent ? Optional.empty() : pace.wait(now);
    if (wait.isEmpty()) {
      applier.apply(Roster.configMap(mirror, wanted));
    }
    return wait;
  }

  private <T extends HasMetadata> T found(Class<T> type, String name) {
    return client
        .resources(type)
        .inNamespace(mirror.getMetadata().getNamespace())
        .withName(name)
        .get();
  }
}
