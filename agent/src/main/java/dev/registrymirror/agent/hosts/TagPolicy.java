package dev.registrymirror.agent.hosts;

import java.util.Locale;
import java.util.Optional;

/**
 * Who answers when a node's containerd asks what a tag stands for. It decides the order of the
 * hosts in hosts.toml, and what the agent answers for tags.
 */
public enum TagPolicy {

  /**
   * containerd asks upstream with its own credentials. The agent is asked only when upstream has
   * just failed, on {@code /fallback}, and serves what the tag stood for where upstream is broken.
   */
  REVALIDATE,

  /** The agent answers first: fastest, works while upstream is down, and may be stale. */
  SERVE,

  /** Only upstream answers; where it fails, so does the pull by tag. */
  NEVER;

  /** The name on the command line: {@code revalidate}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The policy of that {@link #id()}. */
  public static Optional<TagPolicy> of(String id) {
    for (TagPolicy policy : values()) {
      if (policy.id().equals(id)) {
        return Optional.of(policy);
      }
    }
    return Optional.empty();
  }
}
