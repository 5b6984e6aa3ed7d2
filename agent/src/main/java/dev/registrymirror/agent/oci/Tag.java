package dev.registrymirror.agent.oci;

import java.util.Optional;
import java.util.regex.Pattern;

/** A tag in a repository: {@code docker.io/library/nginx:1.29}. */
public record Tag(Repository repository, String tag) {

  /** Grammar of a tag as {@code <reference>}: OCI distribution spec, "Pulling manifests". */
  private static final Pattern TAG = Pattern.compile("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}");

  public Tag {
    if (!TAG.matcher(tag).matches()) {
      throw new IllegalArgumentException("not a tag: " + tag);
    }
  }

  /** The tag, or empty where {@code tag} is malformed. */
  public static Optional<Tag> tryOf(Repository repository, String tag) {
    return TAG.matcher(tag).matches() ? Optional.of(new Tag(repository, tag)) : Optional.empty();
  }

  @Override
  public String toString() {
    return repository + ":" + tag;
  }
}
