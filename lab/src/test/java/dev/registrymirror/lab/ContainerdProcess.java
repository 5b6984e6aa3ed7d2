package dev.registrymirror.lab;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.store.Manifest;
import dev.registrymirror.agent.store.TestImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real containerd with every path below one directory, without CRI. Started and ended by its
 * process.
 */
final class ContainerdProcess {

  private static final int BOUND_SECONDS = 30;

  private final Path binaries;
  private final int configVersion;
  private final Path directory;
  private Process process;

  /**
   * @param binaries the directory of {@code containerd} and {@code ctr}
   * @param configVersion of its configuration file: 2 or 3
   */
  ContainerdProcess(Path binaries, int configVersion, Path directory) {
    this.binaries = binaries;
    this.configVersion = configVersion;
    this.directory = directory;
  }

  Path socket() {
    return directory.resolve("run/containerd.sock");
  }

  Path contentStore() {
    return directory.resolve("root/io.containerd.content.v1.content");
  }

  /** Returns when it answers. */
  void start() throws Exception {
    Files.createDirectories(directory);
    Path config = directory.resolve("config.toml");
    // The first garbage collection would remove the files that tests put into the store.
    Files.writeString(
        config,
        """
        version = %1$d
        root = "%2$s/root"
        state = "%2$s/state"
        disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images",
          "io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri",
          "io.containerd.internal.v1.opt"]
        [grpc]
          address = "%3$s"
        [plugins."io.containerd.gc.v1.scheduler"]
          startup_delay = "1h"
        """
            .formatted(configVersion, directory, socket()));
    Files.createDirectories(socket().getParent());
    process =
        new ProcessBuilder(binaries.resolve("containerd").toString(), "-c", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve("log").toFile()))
            .start();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(BOUND_SECONDS);
    while (!ctrSucceeds("version")) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new IOException(
            "containerd does not answer: " + Files.readString(directory.resolve("log")));
      }
    }
  }

  /** Ends it as systemd would, and returns when it has ended. */
  void stop() throws InterruptedException {
    if (process != null) {
      process.destroy();
      if (!process.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
  }

  /** Removes all that it has stored. */
  void wipe() throws IOException {
    deleteAll(directory.resolve("root"));
  }

  /** Imports the image as a tar of an OCI image layout. */
  void importImage(String name, TestImage image) throws Exception {
    Path layout = Files.createTempDirectory(directory, "layout");
    Path blobs = Files.createDirectories(layout.resolve("blobs/sha256"));
    for (Map.Entry<Digest, byte[]> blob : image.blobs().entrySet()) {
      Files.write(blobs.resolve(blob.getKey().hex()), blob.getValue());
    }
    Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    Files.writeString(
        layout.resolve("index.json"),
        """
        {"schemaVersion":2,"manifests":[{"mediaType":"%s","digest":"%s","size":%d,\
        "annotations":{"io.containerd.image.name":"%s"}}]}\
        """
            .formatted(Manifest.OCI_MANIFEST, image.manifest(), image.manifestSize(), name));
    Path tar = directory.resolve("image.tar");
    run(List.of("tar", "-C", layout.toString(), "-cf", tar.toString(), "."));
    ctr("images", "import", "--no-unpack", "--all-platforms", tar.toString());
    deleteAll(layout);
  }

  /** Runs {@code ctr} in the namespace of Kubernetes. */
  String ctr(String... arguments) throws Exception {
    return run(ctrCommand(arguments));
  }

  private List<String> ctrCommand(String... arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of(binaries.resolve("ctr").toString(), "-a", socket().toString()));
    command.addAll(List.of("-n", "k8s.io"));
    command.addAll(List.of(arguments));
    return command;
  }

  private boolean ctrSucceeds(String... arguments) throws Exception {
    Process ctr =
        new ProcessBuilder(ctrCommand(arguments))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return ctr.waitFor() == 0;
  }

  private String run(List<String> command) throws Exception {
    Process run = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (run.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + output);
    }
    return output;
  }

  private static void deleteAll(Path top) throws IOException {
    try (Stream<Path> files = Files.walk(top)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
