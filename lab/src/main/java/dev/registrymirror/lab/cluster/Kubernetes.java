package dev.registrymirror.lab.cluster;

import dev.registrymirror.lab.machine.Daemon;
import dev.registrymirror.lab.machine.LabException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Kubernetes on this machine, with nodes or without, as its administrator sees it. */
public abstract sealed class Kubernetes implements AutoCloseable permits Cluster, ControlPlane {

  Kubernetes() {}

  abstract Programs programs();

  /** Where the API server is: {@code https://127.0.0.1:40123}. */
  public URI url() {
    return programs().url();
  }

  /** The certificate of who signed the API server's and the kubelets', in PEM. */
  public Path ca() {
    return programs().ca();
  }

  /** The kubeconfig of a user who may do all; it holds what it needs and names no other file. */
  public Path kubeconfig() {
    return programs().kubectl().kubeconfig();
  }

  /**
   * What kubectl writes to its standard output, as a user who may do all.
   *
   * @throws LabException where it fails or takes longer than 5 minutes, with what it wrote
   */
  public String kubectl(String... arguments) {
    return programs().kubectl().run("", arguments);
  }

  /**
   * Applies manifests, YAML or JSON.
   *
   * @throws LabException where one is refused, with what kubectl wrote
   */
  public String apply(String manifests) {
    return programs().kubectl().run(manifests, "apply", "-f", "-");
  }

  /**
   * Starts a controller on this machine, outside of any node; it ends with all else. What it says
   * is in {@code <name>.log}.
   */
  public Daemon start(String name, Map<String, String> environment, List<String> command) {
    return programs().startBeside(name, environment, command);
  }

  /** Where its files and logs are. */
  public abstract Path directory();

  /** Ends everything; nothing of it is left on the machine. */
  @Override
  public abstract void close();
}
