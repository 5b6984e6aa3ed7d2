package dev.registrymirror.lab;

import dev.registrymirror.lab.machine.LabException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Spegel, to compare with: the binary that the variable {@code SPEGEL} names. */
public final class SpegelMirror implements Mirror {

  /** For containerd. */
  public static final int REGISTRY_PORT = 5000;

  private static final int ROUTER_PORT = 5001;
  private static final int BOOTSTRAP_PORT = 5003;
  private static final int METRICS_PORT = 9090;

  private final Path binary;

  private SpegelMirror(Path binary) {
    this.binary = binary;
  }

  /** Empty where {@code SPEGEL} is not set. */
  public static Optional<SpegelMirror> find() {
    return Optional.ofNullable(System.getenv("SPEGEL"))
        .filter(path -> !path.isEmpty())
        .map(path -> new SpegelMirror(executable(Path.of(path))));
  }

  private static Path executable(Path binary) {
    if (!Files.isExecutable(binary)) {
      throw new LabException("SPEGEL=" + binary + " is no executable");
    }
    return binary.toAbsolutePath();
  }

  @Override
  public String name() {
    return "spegel";
  }

  @Override
  public void configure(Node node) {
    String hosts =
        """
        server = "%s"
        [host."%s"]
          capabilities = ["pull", "resolve"]
          dial_timeout = "200ms"
        """
            .formatted(node.lab().upstream().address(), node.url(REGISTRY_PORT, ""));
    try {
      Files.writeString(node.hostsFile(Upstream.REGISTRY), hosts);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public List<String> command(Node node) {
    Node first = node.lab().nodes().getFirst();
    return List.of(
        binary.toString(),
        "registry",
        "--bootstrap-kind",
        "http",
        "--http-bootstrap-addr",
        node.endpoint(BOOTSTRAP_PORT),
        "--http-bootstrap-peer",
        first.url(BOOTSTRAP_PORT, "").toString(),
        "--metrics-addr",
        node.endpoint(METRICS_PORT),
        "--containerd-sock",
        node.containerdSocket().toString(),
        "--containerd-content-path",
        node.contentStore().toString(),
        "--registry-addr",
        node.endpoint(REGISTRY_PORT),
        "--router-addr",
        node.endpoint(ROUTER_PORT));
  }

  @Override
  public URI ready(Node node) {
    return node.url(REGISTRY_PORT, "/readyz");
  }
}
