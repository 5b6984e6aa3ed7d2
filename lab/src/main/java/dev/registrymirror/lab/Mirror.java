package dev.registrymirror.lab;

import java.net.URI;
import java.util.List;

/** A kind of mirror that can run on a node: ours, or one to compare it with. */
public interface Mirror {

  /** What results are headed with. */
  String name();

  /** Makes the node's containerd ask the mirror; before it starts. */
  void configure(Node node);

  /** The command that runs on the node until it is told to end. */
  List<String> command(Node node);

  /** Answers 200 once the mirror serves. */
  URI ready(Node node);
}
