package dev.registrymirror.agent.cli;

import dev.registrymirror.agent.hosts.TagPolicy;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The options of {@code configure}.
 *
 * @param mirrors where containerd reaches the agent: {@code http://host:port}, at least one
 * @param registries hosts with an optional port; empty for all, by {@code _default}
 * @param credentialFile whose first credential is written; empty for none
 * @param logLevel {@code debug}, {@code info}, {@code warn} or {@code error}
 */
public record ConfigureOptions(
    Path hostsDir,
    Path stateDir,
    List<URI> mirrors,
    List<String> registries,
    TagPolicy tags,
    Optional<Path> credentialFile,
    String logLevel) {}
