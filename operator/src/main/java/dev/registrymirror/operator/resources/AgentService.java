package dev.registrymirror.operator.resources;

import dev.registrymirror.operator.crd.RegistryMirror;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;

/** The agents by name, without an address of its own: whom Prometheus scrapes. */
public final class AgentService {

  private AgentService() {}

  public static Service of(RegistryMirror mirror) {
    return new ServiceBuilder()
        .withMetadata(Names.owned(mirror, Names.own(mirror)))
        .withNewSpec()
        .withClusterIP("None")
        .withSelector(Labels.ofAgents(mirror))
        .addNewPort()
        .withName("metrics")
        .withProtocol("TCP")
        .withPort(mirror.getSpec().ports().metrics())
        .withTargetPort(new IntOrString("metrics"))
        .endPort()
        .endSpec()
        .build();
  }
}
