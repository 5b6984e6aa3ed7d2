package dev.registrymirror.operator.resources;

import dev.registrymirror.operator.crd.RegistryMirror;
import java.util.Map;

/** The labels of all that is made. */
public final class Labels {

  public static final String NAME = "app.kubernetes.io/name";
  public static final String COMPONENT = "app.kubernetes.io/component";
  public static final String MANAGED_BY = "app.kubernetes.io/managed-by";
  public static final String OPERATOR = "registry-mirror-operator";

  /** Selects all that any operator has made. */
  public static final String SELECTOR = MANAGED_BY + "=" + OPERATOR;

  private Labels() {}

  /** Of everything that a RegistryMirror makes. */
  public static Map<String, String> of(RegistryMirror mirror) {
    return Map.of(NAME, mirror.getMetadata().getName(), MANAGED_BY, OPERATOR);
  }

  /** Of its agents' pods, which selects them too. */
  public static Map<String, String> ofAgents(RegistryMirror mirror) {
    return Map.of(NAME, mirror.getMetadata().getName(), COMPONENT, "agent", MANAGED_BY, OPERATOR);
  }
}
