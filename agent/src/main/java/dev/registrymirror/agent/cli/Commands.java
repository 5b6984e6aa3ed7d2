package dev.registrymirror.agent.cli;

/** The bodies of the commands. Each returns the exit code: 0 done, 1 failed. */
public interface Commands {

  /** Runs the agent until SIGTERM. */
  int serve(ServeOptions options) throws Exception;

  /** Writes the node's hosts configuration. */
  int configure(ConfigureOptions options) throws Exception;

  /** Undoes what {@code configure} did. */
  int cleanup(CleanupOptions options) throws Exception;

  /** Says what stands in the way of sharing on this node. */
  int doctor(DoctorOptions options) throws Exception;
}
