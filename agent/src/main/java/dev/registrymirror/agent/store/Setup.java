package dev.registrymirror.agent.store;

import java.time.Instant;
import java.util.Optional;

/**
 * What a containerd says of itself.
 *
 * @param version as it writes it, without a {@code v}; empty where there is no containerd, or none
 *     has answered yet
 * @param configPath the directories that it reads hosts.toml files from, joined by colons, empty
 *     for none; empty where it does not say: 2.0 to 2.3, and without its CRI plugin
 * @param readsOnePath whether its transfer service, which pulls, takes several directories for one
 *     path
 * @param discardsLayers whether layers are deleted once they are unpacked
 * @param read when it said so
 */
public record Setup(
    String version,
    Optional<String> configPath,
    boolean readsOnePath,
    boolean discardsLayers,
    Instant read) {

  /** Nothing is known. */
  public static final Setup UNKNOWN = of("", Instant.EPOCH);

  /** Its release is all that is known. */
  public static Setup of(String version, Instant read) {
    return new Setup(version, Optional.empty(), false, false, read);
  }
}
