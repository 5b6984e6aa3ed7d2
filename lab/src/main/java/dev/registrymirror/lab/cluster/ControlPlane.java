package dev.registrymirror.lab.cluster;

import dev.registrymirror.lab.LabOptions;
import dev.registrymirror.lab.machine.Ending;
import dev.registrymirror.lab.machine.FreePorts;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.machine.Workspace;
import dev.registrymirror.lab.tools.KubernetesTools;
import dev.registrymirror.lab.tools.ToolMissing;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Kubernetes without nodes, on the loopback: etcd and an API server, and a controller manager where
 * one is asked for. Needs no root.
 *
 * <pre>{@code
 * try (ControlPlane kubernetes = ControlPlane.start(ControlPlane.Options.apiServer())) {
 *   kubernetes.apply(customResourceDefinition);
 *   kubernetes.kubectl("get", "crds");
 * }
 * }</pre>
 *
 * <p>Authorization is RBAC's, as in production, and service accounts have tokens. Without a
 * controller manager nothing is collected as garbage, and pods need no service account.
 *
 * <p>All it starts ends with {@link #close()}, also when the JVM is interrupted; after a crash of
 * the JVM, {@code make lab-down} does it. Where the system property {@code lab.logs} names a
 * directory, copies of the logs are put there.
 */
public final class ControlPlane extends Kubernetes {

  private final Instant started = Instant.now();
  private final Workspace workspace;
  private final Programs programs;
  private final Ending ending;

  /**
   * What it is like.
   *
   * @param controllerManager collects garbage, makes default service accounts, and whatever else
   *     controllers do
   */
  public record Options(boolean controllerManager) {

    /** etcd and the API server alone. */
    public static Options apiServer() {
      return new Options(false);
    }

    public Options withControllerManager() {
      return new Options(true);
    }
  }

  private ControlPlane(KubernetesTools tools, Workspace workspace) {
    this.workspace = workspace;
    this.ending = new Ending("end-of-control-plane", this::end);
    Programs.Place place =
        new Programs.Place(
            workspace.directory(),
            workspace.processes(),
            Programs.LOOPBACK,
            FreePorts.find(3),
            UnaryOperator.identity());
    this.programs = new Programs(tools, place, List.of());
  }

  /**
   * Starts one; returns when it answers.
   *
   * @throws ToolMissing where this machine cannot have one
   * @throws LabException where it does not answer within 30 s
   */
  public static ControlPlane start(Options options) {
    KubernetesTools tools = KubernetesTools.prepare();
    Path root = LabOptions.defaults().root();
    Workspace workspace = Workspace.make(root, Workspace.CONTROL_PLANE, ProcessHandle.current());
    ControlPlane controlPlane = new ControlPlane(tools, workspace);
    try {
      controlPlane.programs.startApiServer(options.controllerManager());
      if (options.controllerManager()) {
        controlPlane.programs.startControllerManager();
        controlPlane.programs.awaitControllerManager();
      }
      return controlPlane;
    } catch (RuntimeException e) {
      controlPlane.close();
      throw e;
    }
  }

  @Override
  Programs programs() {
    return programs;
  }

  @Override
  public Path directory() {
    return workspace.directory();
  }

  @Override
  public void close() {
    ending.close();
  }

  private void end() {
    workspace.killAll();
    workspace.keepLogs(started);
    workspace.delete();
  }
}
