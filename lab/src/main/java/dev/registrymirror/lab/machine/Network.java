package dev.registrymirror.lab.machine;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The networks of one lab: two bridges in a namespace of their own, and legs from them.
 *
 * <p>Two, so that the links themselves tell where bytes come from and either can be cut alone:
 *
 * <ul>
 *   <li>{@code peers}, 198.18.ID.0/24 or fd18:ID::/64: nodes among themselves;
 *   <li>{@code upstream}, 198.19.ID.0/24 or fd19:ID::/64: nodes and what stands for the Internet.
 * </ul>
 *
 * <p>198.18.0.0/15 is set aside for benchmarks (RFC 2544) and fd00::/8 for private use (RFC 4193),
 * so neither is a real network's.
 *
 * <p>The machine has a leg in both ({@code .1}): Java can then speak to every node directly, with
 * no helper process inside a namespace; each lab has its own subnets, so that the machine's routes
 * to two labs differ.
 */
public final class Network {

  /** Which of the two. */
  public enum Side {
    PEERS("p", 18),
    UPSTREAM("u", 19);

    private final String letter;
    private final int subnet;

    Side(String letter, int subnet) {
      this.letter = letter;
      this.subnet = subnet;
    }
  }

  private static final Duration BOUND = Duration.ofSeconds(30);
  private static final int MACHINE = 1;

  private final int id;
  private final boolean ipv6;

  /**
   * @param id 0 to 255, this lab's alone
   */
  public Network(int id, boolean ipv6) {
    this.id = id;
    this.ipv6 = ipv6;
  }

  /** What the names of all namespaces and links of the lab {@code id} begin with. */
  public static String prefix(int id) {
    return "rmlab" + id + "-";
  }

  /** The name of a namespace of this lab. */
  public String namespace(String name) {
    return prefix(id) + name;
  }

  /**
   * Makes the namespace for the bridges of the lab {@code id}, which tells other labs that the
   * number is taken.
   *
   * @throws LabException where it is there already
   */
  public static void reserve(int id) {
    ip("netns add " + bridges(id));
  }

  private static String bridges(int id) {
    return prefix(id) + "net";
  }

  private String bridges() {
    return bridges(id);
  }

  /** The address of the {@code host}th host (1 to 254) on a side, without brackets. */
  public String address(Side side, int host) {
    return ipv6
        ? "fd%d:%x::%x".formatted(side.subnet, id, host)
        : "198.%d.%d.%d".formatted(side.subnet, id, host);
  }

  /** The machine's own address on a side. */
  public String machineAddress(Side side) {
    return address(side, MACHINE);
  }

  /** Makes the bridges and the machine's legs, after {@link #reserve}. */
  public void open() {
    StringBuilder inside = new StringBuilder("link set lo up\n");
    for (Side side : Side.values()) {
      inside.append(
          "link add %s type bridge\nlink set %s up\n".formatted(bridge(side), bridge(side)));
    }
    ipIn(bridges(), inside.toString());
    for (Side side : Side.values()) {
      ip(
          """
          link add %1$s type veth peer name m%2$s netns %3$s
          addr add %4$s dev %1$s%5$s
          link set %1$s up
          """
              .formatted(machineLink(side), side.letter, bridges(), cidr(side, MACHINE), nodad()));
      ipIn(bridges(), plug("m" + side.letter, side));
    }
  }

  /** The machine's link on a side. */
  public Link machine(Side side) {
    return new Link("", machineLink(side), bridges(), "m" + side.letter);
  }

  /** Makes a namespace with nothing but its loopback. */
  public void addNamespace(String namespace) {
    ip("netns add " + namespace);
    ipIn(namespace, "link set lo up\n");
  }

  /** Joins a namespace to a side as its {@code host}th host, with a link called {@code link}. */
  public Link join(String namespace, Side side, int host, String link) {
    String port = side.letter + host;
    ip(
        "link add %s netns %s type veth peer name %s netns %s\n"
            .formatted(port, bridges(), link, namespace));
    ipIn(bridges(), plug(port, side));
    ipIn(
        namespace,
        "addr add %s dev %s%s\nlink set %s up\n".formatted(cidr(side, host), link, nodad(), link));
    return new Link(namespace, link, bridges(), port);
  }

  /**
   * Adds routes to a namespace.
   *
   * @param routes the address to go by, by the range of addresses, or {@code default}
   */
  public void route(String namespace, Map<String, String> routes) {
    StringBuilder lines = new StringBuilder();
    routes.forEach((range, by) -> lines.append("route add %s via %s\n".formatted(range, by)));
    ipIn(namespace, lines.toString());
  }

  private String machineLink(Side side) {
    return prefix(id) + side.letter;
  }

  private static String bridge(Side side) {
    return "br-" + side.letter;
  }

  private static String plug(String port, Side side) {
    return "link set %1$s master %2$s\nlink set %1$s up\n".formatted(port, bridge(side));
  }

  private String cidr(Side side, int host) {
    return address(side, host) + (ipv6 ? "/64" : "/24");
  }

  // Duplicate address detection would leave an address unusable for its first second or two.
  private String nodad() {
    return ipv6 ? " nodad" : "";
  }

  private static void ip(String lines) {
    Command.run(BOUND, lines + "\n", List.of("ip", "-batch", "-"));
  }

  private static void ipIn(String namespace, String lines) {
    Command.run(BOUND, lines, List.of("ip", "-n", namespace, "-batch", "-"));
  }
}
