package dev.registrymirror.lab.demo;

import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import java.net.URI;
import java.util.List;

/** Where the story is played: nodes with agents, and a registry with an image. */
public interface Stage extends AutoCloseable {

  /** A node; its counters only grow. */
  interface Actor {

    String name();

    /**
     * Pulls an image by its tag.
     *
     * @throws dev.registrymirror.lab.machine.LabException where the pull fails
     */
    void pull(Image image);

    /** Where its agent serves its containerd: {@code http://198.18.0.11:29999}. */
    URI mirror();

    /** Bytes that came in from the registry so far. */
    long bytesFromUpstream();

    /** Bytes that came in from the other nodes so far. */
    long bytesFromPeers();
  }

  /** What is to be seen here and who counts, one line each. */
  List<String> scene();

  /** Makes an image and has it in the registry. */
  Image push(ImageRecipe recipe);

  /** Starts the nodes and their agents: six where {@link #hasHerd}, else three. */
  List<Actor> actors();

  /** Whether nodes can follow each other's downloads under way. */
  boolean hasHerd();

  /** From now on the registry cannot be reached. */
  void cutUpstreamOff();

  /** Leaves nothing behind. */
  @Override
  void close();
}
