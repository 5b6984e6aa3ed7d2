package dev.registrymirror.lab.demo;

import dev.registrymirror.agent.telemetry.JsonLines;
import dev.registrymirror.lab.LabOptions;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImagePusher;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Directories;
import dev.registrymirror.lab.machine.Ending;
import dev.registrymirror.lab.machine.FreePorts;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Real agents, all in this process, over OCI image layouts in place of containerds. */
public final class EmbeddedStage implements Stage {

  private static final int NODES = 3;

  private final String reason;
  private final Path directory;
  private final PrintStream log;
  private final RegistryStandIn registry;
  private final List<LayoutNode> nodes = new ArrayList<>();
  private final Ending ending;

  private EmbeddedStage(String reason) throws IOException {
    this.reason = reason;
    // On a disk, where there is one: /tmp may be memory.
    Path disk = LabOptions.defaults().root();
    directory =
        Files.isWritable(disk)
            ? Files.createTempDirectory(disk, "registry-mirror-demo-")
            : Files.createTempDirectory("registry-mirror-demo-");
    log = new PrintStream(directory.resolve("agents.log").toFile(), StandardCharsets.UTF_8);
    JsonLines.install(log, "info");
    registry =
        new RegistryStandIn(directory.resolve("registry"), new Throttle(Story.UPSTREAM_MBIT));
    ending = new Ending("end-of-demo", this::end);
  }

  /**
   * A registry, and no node yet.
   *
   * @param reason why it is not the lab: {@code needs root}
   */
  public static EmbeddedStage open(String reason) {
    try {
      return new EmbeddedStage(reason);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public List<String> scene() {
    return List.of(
        "A demo with real containerds " + reason + ".",
        "So this one plays in one process: a stand-in for a registry that sends 200 Mbit/s, and",
        "three mirror agents, each over a folder (an OCI image layout) in place of a containerd.",
        "The bytes are those that the registry and the agents count. Nodes that pull at the same",
        "moment and share one download need containerd's, and are not in this one.");
  }

  @Override
  public Image push(ImageRecipe recipe) {
    ImagePusher pusher = new ImagePusher(registry.name(), URI.create("http://" + registry.name()));
    return pusher.push(recipe);
  }

  @Override
  public List<Actor> actors() {
    try {
      List<LayoutNode.Ports> ports = freePorts();
      for (int i = 0; i < NODES; i++) {
        String name = "n" + (i + 1);
        nodes.add(
            new LayoutNode(
                name, directory.resolve(name), ports.get(i), ports, registry::bytesSent));
      }
      return nodes.stream().<Actor>map(node -> node).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<LayoutNode.Ports> freePorts() {
    List<Integer> free = FreePorts.find(NODES * 3);
    List<LayoutNode.Ports> ports = new ArrayList<>();
    for (int i = 0; i < NODES * 3; i += 3) {
      ports.add(new LayoutNode.Ports(free.get(i), free.get(i + 1), free.get(i + 2)));
    }
    return ports;
  }

  @Override
  public boolean hasHerd() {
    return false;
  }

  @Override
  public void cutUpstreamOff() {
    registry.close();
  }

  @Override
  public void close() {
    ending.close();
  }

  private void end() {
    nodes.forEach(LayoutNode::close);
    registry.close();
    log.close();
    try {
      Directories.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("delete " + directory, e);
    }
  }
}
