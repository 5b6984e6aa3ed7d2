package dev.registrymirror.lab;

import dev.registrymirror.lab.tools.Containerd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The configuration of one node's containerd: every path its own, so that it touches nothing of the
 * machine's.
 *
 * <p>NRI is off, for its socket has one path for all. OOM scores are restricted, for a container
 * may not lower its own. On an overlay (inside a container) layers are unpacked natively, for an
 * overlay cannot lie on another.
 */
record ContainerdConfig(Path directory, NodeOptions options) {

  /** Bytes of each chunk where layers are fetched in parallel (from 2.1 on). */
  private static final int PARALLEL_CHUNK = 4 << 20;

  /** Writes {@code config.toml} and returns it. */
  Path write() {
    Path file = directory.resolve("config.toml");
    try {
      Files.writeString(file, toml());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }

  private String toml() throws IOException {
    String common =
        """
        version = %d
        root = "%2$s/root"
        state = "%2$s/state"
        [grpc]
          address = "%2$s/containerd.sock"
        [plugins.'io.containerd.internal.v1.opt']
          path = "%2$s/opt"
        [plugins.'io.containerd.nri.v1.nri']
          disable = true
        """
            .formatted(options.containerd().configVersion(), directory);
    return common + (options.containerd() == Containerd.V24 ? version3() : version2());
  }

  private String version2() throws IOException {
    return """
    [plugins.'io.containerd.grpc.v1.cri']
      restrict_oom_score_adj = true
      stream_server_address = "127.0.0.1"
      max_concurrent_downloads = %4$d
      [plugins.'io.containerd.grpc.v1.cri'.containerd]
        snapshotter = "%2$s"
        discard_unpacked_layers = %3$s
      [plugins.'io.containerd.grpc.v1.cri'.registry]
        %5$s
      [plugins.'io.containerd.grpc.v1.cri'.cni]
        bin_dir = "%1$s/cni"
        conf_dir = "%1$s/cni"
    """
        .formatted(
            directory,
            snapshotter(),
            options.discardsUnpackedLayers(),
            options.downloadsAtOnce(),
            configPath());
  }

  private String version3() throws IOException {
    return """
    [plugins.'io.containerd.cri.v1.images']
      snapshotter = "%2$s"
      discard_unpacked_layers = %3$s
      [plugins.'io.containerd.cri.v1.images'.registry]
        %6$s
    [plugins.'io.containerd.cri.v1.runtime']
      restrict_oom_score_adj = true
      [plugins.'io.containerd.cri.v1.runtime'.cni]
        bin_dirs = ["%1$s/cni"]
        conf_dir = "%1$s/cni"
    [plugins.'io.containerd.grpc.v1.cri']
      stream_server_address = "127.0.0.1"
    [plugins.'io.containerd.transfer.v1.local']
      %6$s
      concurrent_layer_fetch_buffer = %4$d
      max_concurrent_downloads = %5$d
      [[plugins.'io.containerd.transfer.v1.local'.unpack_config]]
        platform = "linux"
        snapshotter = "%2$s"
    """
        .formatted(
            directory,
            snapshotter(),
            options.discardsUnpackedLayers(),
            options.fetchesLayersInParallel() ? PARALLEL_CHUNK : 0,
            options.downloadsAtOnce(),
            configPath());
  }

  private String configPath() {
    return options.configPath().isEmpty()
        ? ""
        : "config_path = \""
            + options.configPath().replace("%s", directory.resolve("certs.d").toString())
            + "\"";
  }

  private String snapshotter() throws IOException {
    return Files.getFileStore(directory).type().equals("overlay") ? "native" : "overlayfs";
  }
}
