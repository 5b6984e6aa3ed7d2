package dev.registrymirror.agent.cli;

import java.nio.file.Path;

/** What this node holds. */
public sealed interface StoreOptions {

  /**
   * The images of a containerd.
   *
   * @param socket where it listens; may not be there yet
   * @param contentStore its folder {@code io.containerd.content.v1.content}; may not be there yet
   */
  record Containerd(Path socket, String namespace, Path contentStore) implements StoreOptions {}

  /** The images of an OCI image layout, where there is no containerd. */
  record OciLayout(Path folder) implements StoreOptions {}
}
