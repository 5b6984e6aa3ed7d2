package dev.registrymirror.agent.hosts;

import java.util.Map;
import java.util.Set;

/**
 * How a hosts directory stands.
 *
 * @param configured whether the mirror's entries are to be there
 * @param registries those to be mirrored; none: all
 * @param broken registries whose entry is not the mirror's, and why; {@code _default} stands for
 *     all that have no entry of their own
 */
public record Standing(boolean configured, Set<String> registries, Map<String, String> broken) {

  /** Nothing is configured, or nobody has looked yet. */
  public static final Standing NONE = new Standing(false, Set.of(), Map.of());

  public Standing {
    registries = Set.copyOf(registries);
    broken = Map.copyOf(broken);
  }

  /** Whether every entry is the mirror's. */
  public boolean isMirrored() {
    return configured && broken.isEmpty();
  }

  /** Whether the mirror is there for a registry. */
  public boolean isMeantFor(String registry) {
    return configured && (registries.isEmpty() || registries.contains(registry));
  }
}
