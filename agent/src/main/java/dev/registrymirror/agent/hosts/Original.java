package dev.registrymirror.agent.hosts;

import java.util.List;
import java.util.Optional;

/**
 * What stood in a registry's folder without the mirror, and what the mirror has put there since.
 *
 * @param folder the folder's name in the hosts directory
 * @param folderExisted whether the folder itself is somebody else's
 * @param bytes of hosts.toml; empty where there was none
 * @param mode of hosts.toml as {@code rw-r--r--}; empty where there was none
 * @param written SHA-256 of each hosts.toml that the mirror wrote there, the newest first: a file
 *     that is none of these is somebody else's. More than one, as a crash may leave the one before
 * @param upstream the root of upstream's API; empty for {@code _default}
 */
record Original(
    String folder,
    boolean folderExisted,
    Optional<byte[]> bytes,
    String mode,
    List<String> written,
    String upstream) {

  /** An older file than these that comes back is taken for somebody else's. */
  static final int MAX_WRITTEN = 8;

  Original {
    written = written.stream().distinct().limit(MAX_WRITTEN).toList();
  }
}
