package dev.registrymirror.agent;

import dev.registrymirror.agent.cli.ServeOptions;
import dev.registrymirror.agent.credentials.CredentialFile;
import dev.registrymirror.agent.hosts.HostsDirectory;
import dev.registrymirror.agent.hosts.HostsWatch;
import dev.registrymirror.agent.hosts.Standing;
import dev.registrymirror.agent.hosts.UnusableDirectoryException;
import dev.registrymirror.agent.tags.UpstreamAddress;
import dev.registrymirror.agent.tags.Upstreams;
import dev.registrymirror.agent.telemetry.Log;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/**
 * What {@code serve} does about the node's hosts configuration while it runs: puts back what
 * something rewrites, adds a file for each registry that images are seen from, writes a new
 * credential, and says where upstreams are. Nothing where {@code configure} has not been here.
 */
final class HostsUpkeep implements Upstreams, AutoCloseable {

  private static final Log log = Log.of("hosts");

  private final Optional<HostsDirectory> directory;
  private final Optional<HostsWatch> watch;

  /** Files are written here: whoever tells of a registry must not wait for a disk. */
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().name("hosts").factory());

  /**
   * @param heard told how the directory stands, where anything is configured
   */
  HostsUpkeep(
      ServeOptions options, Optional<CredentialFile> credentials, Consumer<Standing> heard) {
    directory = configured(options, credentials);
    watch = directory.map(found -> HostsWatch.start(found, HostsWatch.Pace.DEFAULT, heard));
  }

  private static Optional<HostsDirectory> configured(
      ServeOptions options, Optional<CredentialFile> credentials) {
    try {
      return HostsDirectory.configured(
          options.hostsDir(), options.stateDir(), credentials.map(CredentialFile::first));
    } catch (UnusableDirectoryException e) {
      log.warn("hosts configuration not kept up", "why", e.getMessage());
      return Optional.empty();
    }
  }

  /** An image of that registry is on this node. */
  void seen(String registry) {
    directory.ifPresent(
        found ->
            writer.execute(
                () -> {
                  try {
                    found.add(registry);
                  } catch (UnusableDirectoryException | IllegalArgumentException e) {
                    log.warn("registry not added", "registry", registry, "why", e.getMessage());
                  }
                }));
  }

  /** containerd is to show another credential. */
  void use(CredentialFile credentials) {
    directory.ifPresent(
        found ->
            writer.execute(
                () -> {
                  found.use(Optional.of(credentials.first()));
                  try {
                    found.configure();
                  } catch (UnusableDirectoryException e) {
                    log.warn("new credential not written", "why", e.getMessage());
                  }
                }));
  }

  @Override
  public UpstreamAddress lookup(String registry) {
    if (directory.isEmpty()) {
      return Upstreams.usual(registry);
    }
    try {
      return new UpstreamAddress(directory.get().upstream(registry), List.of(), false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    writer.shutdownNow();
    if (watch.isPresent()) {
      try {
        watch.get().close();
      } catch (IOException e) {
        log.warn("watch not ended", e);
      }
    }
  }
}
