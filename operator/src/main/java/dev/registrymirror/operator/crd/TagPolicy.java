package dev.registrymirror.operator.crd;

/** Who resolves tags: the agent's {@code --tags}. */
public enum TagPolicy {
  Revalidate,
  Serve,
  Never
}
