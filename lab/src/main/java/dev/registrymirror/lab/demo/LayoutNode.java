package dev.registrymirror.lab.demo;

import dev.registrymirror.agent.Agent;
import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.cli.HostAndPort;
import dev.registrymirror.agent.cli.MembersOptions;
import dev.registrymirror.agent.cli.ServeOptions;
import dev.registrymirror.agent.cli.StoreOptions;
import dev.registrymirror.agent.cli.TransferOptions;
import dev.registrymirror.agent.hosts.TagPolicy;
import dev.registrymirror.agent.telemetry.Metrics.Result;
import dev.registrymirror.lab.images.Image;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/** A node without a containerd: an agent over an OCI image layout, and who pulls into that. */
final class LayoutNode implements Stage.Actor, AutoCloseable {

  private final String name;
  private final URI mirror;
  private final Agent agent;
  private final LayoutPuller puller;
  private final LongSupplier sentByUpstream;

  /** Where an agent listens on the loopback address. */
  record Ports(int listen, int peers, int metrics) {}

  /**
   * @param all of all nodes, this one among them
   * @param sentByUpstream counts what the registry has sent; one node pulls at a time
   */
  LayoutNode(String name, Path directory, Ports ports, List<Ports> all, LongSupplier sentByUpstream)
      throws IOException {
    this.name = name;
    this.sentByUpstream = sentByUpstream;
    mirror = URI.create("http://127.0.0.1:" + ports.listen());
    puller = new LayoutPuller(directory.resolve("layout"), mirror);
    agent = new Agent(options(name, directory, ports, all), "demo");
  }

  private static ServeOptions options(String name, Path directory, Ports ports, List<Ports> all) {
    InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
    return new ServeOptions(
        new StoreOptions.OciLayout(directory.resolve("layout")),
        name,
        loopback,
        "",
        new InetSocketAddress(loopback, ports.listen()),
        new InetSocketAddress(loopback, ports.peers()),
        new InetSocketAddress(loopback, ports.metrics()),
        new MembersOptions.Seeds(
            all.stream().map(each -> new HostAndPort("127.0.0.1", each.peers())).toList()),
        Optional.empty(),
        Optional.empty(),
        directory.resolve("certs.d"),
        directory.resolve("state"),
        TagPolicy.REVALIDATE,
        TransferOptions.DEFAULTS,
        Deadlines.DEFAULTS,
        "error");
  }

  @Override
  public URI mirror() {
    return mirror;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void pull(Image image) {
    puller.pull(image);
  }

  @Override
  public long bytesFromUpstream() {
    return sentByUpstream.getAsLong();
  }

  @Override
  public long bytesFromPeers() {
    return agent.metrics().bytesByResult().get(Result.PEER);
  }

  @Override
  public void close() {
    puller.close();
    agent.close();
  }
}
