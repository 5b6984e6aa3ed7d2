package dev.registrymirror.lab.machine;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.filter.FilteringParserDelegate;
import com.fasterxml.jackson.core.filter.JsonPointerBasedFilter;
import com.fasterxml.jackson.core.filter.TokenFilter.Inclusion;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * One host's link to a bridge of the lab: what went through it, and what can befall it. Faults last
 * until {@link #restore()}.
 */
public final class Link {

  private static final JsonFactory JSON = new JsonFactory();
  private static final Duration BOUND = Duration.ofSeconds(30);

  private final String namespace;
  private final String name;
  private final String bridgeNamespace;
  private final String port;

  /**
   * @param namespace empty for the machine's own
   * @param port the far end, at the bridge
   */
  Link(String namespace, String name, String bridgeNamespace, String port) {
    this.namespace = namespace;
    this.name = name;
    this.bridgeNamespace = bridgeNamespace;
    this.port = port;
  }

  /** Bytes that came in since the link was made, with all headers (the kernel's counter). */
  public long received() {
    return counter("rx");
  }

  /** Bytes that went out since the link was made, with all headers (the kernel's counter). */
  public long sent() {
    return counter("tx");
  }

  // `ip` rather than /sys/class/net, which shows the namespace of the mount, not of the process.
  private long counter(String direction) {
    String json = Command.run(in(namespace, "ip", "-j", "-s", "link", "show", "dev", name));
    var counter = new JsonPointerBasedFilter("/0/stats64/" + direction + "/bytes");
    try (JsonParser parser =
        new FilteringParserDelegate(
            JSON.createParser(json), counter, Inclusion.ONLY_INCLUDE_ALL, false)) {
      parser.nextToken();
      return parser.getLongValue();
    } catch (IOException e) {
      throw new LabException("no counter of " + direction + " in: " + json, e);
    }
  }

  /**
   * Pulls the cable at the bridge: neighbours first hear nothing, then learn that the host cannot
   * be reached.
   */
  public void cut() {
    Command.run("ip", "-n", bridgeNamespace, "link", "set", port, "down");
  }

  /**
   * A black hole: packets vanish in both directions without a reset, and the address still
   * resolves, as behind a firewall that drops.
   */
  public void drop() {
    filter("drop");
  }

  /** A black hole from the moment that {@code bytes} more have come in: mid-blob, exactly. */
  public void dropAfter(long bytes) {
    filter("quota over " + bytes + " bytes drop");
  }

  // "inet" has no ARP: the address goes on resolving. What goes out stops with what comes in, for
  // no acknowledgement leaves a host that hears nothing.
  private void filter(String verdict) {
    heal();
    nft(
        """
        table inet lab_fault {
          chain input {
            type filter hook input priority 0
            iifname "%s" %s
          }
        }
        """
            .formatted(name, verdict));
  }

  /**
   * Limits what the host receives and what it sends, each.
   *
   * @param rate as tc(8) writes it: {@code 200mbit}
   */
  public void limit(String rate) {
    unlimit();
    tbf(in(namespace), name, rate);
    tbf(in(bridgeNamespace), port, rate);
  }

  /** Ends {@link #limit}. */
  public void unlimit() {
    removeQdisc(in(namespace), name);
    removeQdisc(in(bridgeNamespace), port);
  }

  /** Ends {@link #cut}, {@link #drop} and {@link #dropAfter}; a limit stays. */
  public void restore() {
    heal();
    Command.run("ip", "-n", bridgeNamespace, "link", "set", port, "up");
  }

  private void heal() {
    // Making a table that is there already is no error, so the pair is right in both cases.
    nft("table inet lab_fault\ndelete table inet lab_fault\n");
  }

  private void nft(String rules) {
    Command.run(BOUND, rules, List.of(in(namespace, "nft", "-f", "-")));
  }

  private static void tbf(String[] prefix, String device, String rate) {
    // The burst must hold what comes in one tick and one large segment; the latency bounds a queue.
    Command.run(
        with(
            prefix, "tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", rate, "burst",
            "256kb", "latency", "400ms"));
  }

  private static void removeQdisc(String[] prefix, String device) {
    if (Command.run(with(prefix, "tc", "qdisc", "show", "dev", device)).contains("tbf")) {
      Command.run(with(prefix, "tc", "qdisc", "del", "dev", device, "root"));
    }
  }

  private static String[] in(String namespace, String... command) {
    String[] prefix =
        namespace.isEmpty()
            ? new String[0]
            : new String[] {"nsenter", "--net=/run/netns/" + namespace};
    return with(prefix, command);
  }

  private static String[] with(String[] prefix, String... command) {
    List<String> all = new ArrayList<>(List.of(prefix));
    all.addAll(List.of(command));
    return all.toArray(String[]::new);
  }
}
