package dev.registrymirror.e2e;

import dev.registrymirror.lab.cluster.Cluster;
import dev.registrymirror.lab.cluster.ClusterNode;
import java.util.Map;
import java.util.TreeMap;

/** What containerd's hosts directories hold. */
public final class HostsFiles {

  private HostsFiles() {}

  /** Of each node, by its name: every file with its permissions and its content. */
  public static Map<String, String> of(Cluster cluster, String directory) {
    Map<String, String> hosts = new TreeMap<>();
    for (ClusterNode node : cluster.nodes()) {
      hosts.put(node.name(), node.run("sh", "-c", list(directory)));
    }
    return hosts;
  }

  /** What a shell on the node is told for it. */
  static String list(String directory) {
    return "cd "
        + directory
        + " && find . | sort | xargs stat -c '%n %F %a %U'; find . -type f | sort | xargs cat";
  }
}
