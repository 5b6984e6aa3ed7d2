package dev.registrymirror.operator.resources;

import dev.registrymirror.operator.certificates.PullCredential;
import dev.registrymirror.operator.crd.RegistryMirror;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.util.Map;
import java.util.Optional;

/** What containerd shows the agents. */
public final class PullCredentialSecret {

  /** The file's name where it is mounted. */
  public static final String KEY = "credentials";

  private static final String CHANGED = RegistryMirror.GROUP + "/changed";
  private static final String SINCE = RegistryMirror.GROUP + "/since";

  private PullCredentialSecret() {}

  public static Secret of(RegistryMirror mirror, PullCredential credential) {
    Secret secret =
        new SecretBuilder()
            .withMetadata(Names.owned(mirror, Names.pullCredential(mirror)))
            .withType("Opaque")
            .addToData(KEY, SecretData.encode(credential.file()))
            .build();
    secret
        .getMetadata()
        .setAnnotations(
            Map.of(CHANGED, credential.changed().toString(), SINCE, credential.since().toString()));
    return secret;
  }

  /** What a Secret holds; empty where that is no credential of this kind. */
  public static Optional<PullCredential> parse(Secret secret) {
    Map<String, String> times =
        Optional.ofNullable(secret.getMetadata().getAnnotations()).orElse(Map.of());
    return PullCredential.parse(
        SecretData.decoded(secret).getOrDefault(KEY, ""),
        times.getOrDefault(CHANGED, ""),
        times.getOrDefault(SINCE, ""));
  }
}
