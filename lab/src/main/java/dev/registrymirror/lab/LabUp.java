package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;

import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.LabException;
import dev.registrymirror.lab.tools.Containerd;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * A lab to try things in: nodes, upstream with an image, and agents where they have been built. It
 * stays until Ctrl-C or {@link LabDown}, and then leaves nothing.
 */
public final class LabUp {

  private static final CommandSpec SPEC =
      CommandSpec.create()
          .name("lab-up")
          .addOption(
              OptionSpec.builder("--nodes")
                  .type(int.class)
                  .defaultValue("3")
                  .description("how many, 1 to 240 (${DEFAULT-VALUE})")
                  .build())
          .addOption(
              OptionSpec.builder("--containerd")
                  .type(Containerd.class)
                  .description("of every node: V16, V17 or V24 (the newest that can be had)")
                  .build())
          .addOption(
              OptionSpec.builder("--rate")
                  .type(String.class)
                  .defaultValue("200mbit")
                  .description("of upstream's link, as tc(8) writes it (${DEFAULT-VALUE})")
                  .build())
          .addOption(
              OptionSpec.builder("--ipv6").type(boolean.class).description("no IPv4").build())
          .addOption(
              OptionSpec.builder("--no-agents")
                  .type(boolean.class)
                  .description("containerds alone")
                  .build())
          .addOption(
              OptionSpec.builder("--help")
                  .usageHelp(true)
                  .type(boolean.class)
                  .description("this text")
                  .build());

  private LabUp() {}

  /** Exit code 0 after Ctrl-C, 1 where it failed, 2 for wrong use. */
  public static void main(String[] args) throws InterruptedException {
    CommandLine commandLine = new CommandLine(SPEC);
    try {
      ParseResult options = commandLine.parseArgs(args);
      if (options.isUsageHelpRequested()) {
        commandLine.usage(System.out);
        return;
      }
      up(options);
    } catch (ParameterException e) {
      System.err.println(e.getMessage());
      System.exit(2);
    } catch (LabException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  private static void up(ParseResult options) throws InterruptedException {
    LabOptions defaults = LabOptions.defaults();
    boolean ipv6 = options.matchedOptionValue("--ipv6", false);
    try (Lab lab = Lab.create(ipv6 ? defaults.withIpv6() : defaults)) {
      lab.keep();
      Containerd containerd = options.matchedOptionValue("--containerd", lab.newestContainerd());
      int nodes = options.matchedOptionValue("--nodes", 3);
      for (int i = 1; i <= nodes; i++) {
        lab.node("n" + i, containerd);
      }
      Image image = lab.upstream().push(ImageRecipe.named("app:1").layers(3, 20 * MIB));
      lab.upstream().limit(options.matchedOptionValue("--rate", "200mbit"));
      System.out.println(guide(lab, image, containerd, agents(lab, options)));
      new CountDownLatch(1).await();
    }
  }

  private static String agents(Lab lab, ParseResult options) {
    if (options.matchedOptionValue("--no-agents", false)) {
      return "No agents, as asked.";
    }
    if (AgentMirror.find().isEmpty()) {
      return "No agents: build them with `make build` first.";
    }
    lab.startAgents();
    return "On each an agent: metrics and its page at http://ADDRESS:" + AgentMirror.METRICS_PORT;
  }

  private static String guide(Lab lab, Image image, Containerd containerd, String agents) {
    StringBuilder text = new StringBuilder();
    text.append("%n%d nodes with %s. %s%n".formatted(lab.nodes().size(), containerd, agents));
    for (Node node : lab.nodes()) {
      text.append("  %-4s %-16s %s%n".formatted(node.name(), node.address(), node.directory()));
    }
    Node first = lab.nodes().getFirst();
    return text
        + """

        Upstream is %1$s and has %2$s (%3$d MB). Pull it on %4$s:
          nsenter --net=/run/netns/%5$s %6$s/ctr -a %7$s -n k8s.io images pull --hosts-dir %8$s %2$s
        Logs lie in each node's directory: containerd.log, mirror-agent.log.
        Ctrl-C, or `make lab-down` elsewhere, ends it all.
        """
            .formatted(
                lab.upstream().address(),
                image.reference(),
                image.bytes() / 1_000_000,
                first.name(),
                first.namespace(),
                first.tools(),
                first.containerdSocket(),
                first.hostsDirectory());
  }
}
