package dev.registrymirror.agent.cli;

import java.nio.file.Path;
import java.util.List;

/** Who is in the cluster. */
public sealed interface MembersOptions {

  /**
   * Agents, or names that stand for several.
   *
   * @param seeds empty where this node is alone
   */
  record Seeds(List<HostAndPort> seeds) implements MembersOptions {}

  /** A file that names them, read again when it changes. */
  record RosterFile(Path file) implements MembersOptions {}
}
