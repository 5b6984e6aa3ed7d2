package dev.registrymirror.lab.demo;

import dev.registrymirror.lab.AgentMirror;
import dev.registrymirror.lab.Lab;
import dev.registrymirror.lab.Node;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.Containerd;
import java.net.URI;
import java.util.List;
import java.util.stream.IntStream;

/** Real containerds and real agents, each node in a network namespace. */
public final class LabStage implements Stage {

  private static final int NODES = 6;

  private final Lab lab;
  private final Containerd containerd;

  private LabStage(Lab lab, Containerd containerd) {
    this.lab = lab;
    this.containerd = containerd;
  }

  /**
   * A lab with its registry.
   *
   * @throws LabException where this machine cannot have one
   */
  public static LabStage open() {
    Lab lab = Lab.create();
    try {
      return new LabStage(lab, lab.newestContainerd());
    } catch (LabException e) {
      lab.close();
      throw e;
    }
  }

  @Override
  public List<String> scene() {
    return List.of(
        "On this machine: a registry behind a link of 200 Mbit/s, and six nodes, each a",
        "network namespace with a " + containerd + " and a mirror agent of its own.",
        "The bytes are those that the kernel counts on each node's links.");
  }

  @Override
  public Image push(ImageRecipe recipe) {
    Image image = lab.upstream().push(recipe);
    lab.upstream().limit(Story.UPSTREAM_MBIT + "mbit");
    return image;
  }

  @Override
  public List<Actor> actors() {
    List<Node> nodes =
        IntStream.rangeClosed(1, NODES).mapToObj(i -> lab.node("n" + i, containerd)).toList();
    lab.startAgents();
    return nodes.stream().<Actor>map(LabActor::new).toList();
  }

  private record LabActor(Node node) implements Actor {

    @Override
    public String name() {
      return node.name();
    }

    @Override
    public void pull(Image image) {
      node.pull(image.reference());
    }

    @Override
    public URI mirror() {
      return node.url(AgentMirror.REGISTRY_PORT, "");
    }

    @Override
    public long bytesFromUpstream() {
      return node.upstreamLink().received();
    }

    @Override
    public long bytesFromPeers() {
      return node.peerLink().received();
    }
  }

  @Override
  public boolean hasHerd() {
    return true;
  }

  @Override
  public void cutUpstreamOff() {
    lab.upstream().refuseConnections();
  }

  @Override
  public void close() {
    lab.close();
  }
}
