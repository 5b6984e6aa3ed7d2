package dev.registrymirror.agent.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** A command of {@code mirror-agent}: its name, which options it takes, and what it is for. */
enum Command {
  SERVE(
      "serve",
      "Serve this node's images to its own containerd and to the other nodes.\n"
          + "Without --oci-layout it waits for a containerd, however long."),
  CONFIGURE(
      "configure",
      "Point this node's containerd to the agent: merge it into the hosts.toml files."),
  CLEANUP("cleanup", "Undo what configure did, byte for byte."),
  DOCTOR(
      "doctor",
      "Say what stands in the way of sharing on this node, a line for each check.\n"
          + "Exit code 1 where something does.");

  private final String title;
  private final String description;

  Command(String title, String description) {
    this.title = title;
    this.description = description;
  }

  /** As it is called on the command line. */
  String title() {
    return title;
  }

  /** Lines; the first says it all. */
  List<String> description() {
    return description.lines().toList();
  }

  List<Option> options() {
    return switch (this) {
      case SERVE -> Options.SERVE;
      case CONFIGURE -> Options.CONFIGURE;
      case CLEANUP -> Options.CLEANUP;
      case DOCTOR -> Options.DOCTOR;
    };
  }

  /** All there are, to end a message with. */
  static String oneOf() {
    return Arrays.stream(values())
        .map(Command::title)
        .collect(Collectors.joining(", ", "; one of ", ""));
  }

  static Optional<Command> of(String title) {
    return Arrays.stream(values()).filter(command -> command.title.equals(title)).findFirst();
  }
}
