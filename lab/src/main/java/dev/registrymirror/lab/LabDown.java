package dev.registrymirror.lab;

import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.Workspace;
import dev.registrymirror.lab.tools.Tools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Ends the lab that {@link LabUp} keeps, and removes what crashed labs have left. Labs that another
 * process is using, such as a test, are left alone.
 */
public final class LabDown {

  private static final Duration END_BOUND = Duration.ofSeconds(30);

  private LabDown() {}

  /** No arguments. */
  public static void main(String[] args) {
    Path root = LabOptions.defaults().root();
    removeControlPlanes(root);
    String obstacle = Tools.obstacle();
    if (!obstacle.isEmpty()) {
      System.out.println("no lab can be here: one " + obstacle);
      return;
    }
    down(root);
  }

  static void down(Path root) {
    List<Remains> labs = Remains.in(root);
    if (labs.isEmpty()) {
      System.out.println("no lab in " + root);
    }
    labs.forEach(LabDown::down);
  }

  /** Those that crashed; one that lives belongs to a test. */
  static void removeControlPlanes(Path root) {
    for (Workspace workspace : Workspace.in(root, Workspace.CONTROL_PLANE)) {
      if (workspace.owner().running().isEmpty()) {
        workspace.killAll();
        workspace.delete();
        System.out.println("control plane: removed " + workspace.directory());
      }
    }
  }

  private static void down(Remains lab) {
    List<ProcessHandle> owner = lab.workspace().owner().running();
    if (owner.isEmpty()) {
      lab.remove();
      System.out.println("lab " + lab.id() + ": removed");
    } else if (lab.isKept()) {
      owner.forEach(ProcessHandle::destroy);
      Await.until(
          "lab " + lab.id() + " has ended", END_BOUND, () -> !Files.exists(lab.directory()));
      System.out.println("lab " + lab.id() + ": ended");
    } else {
      System.out.println(
          "lab " + lab.id() + ": left alone, process " + owner.getFirst().pid() + " is using it");
    }
  }
}
