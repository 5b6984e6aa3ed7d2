package dev.registrymirror.agent.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** What the machine says of itself, for options that were not given. */
interface Machine {

  /** The host's name, without a look-up: a DNS that does not answer must not delay the start. */
  String hostName();

  /** The address from which packets leave by the default route; empty where there is no route. */
  Optional<InetAddress> routedAddress();

  /** This machine. */
  static Machine local(Map<String, String> environment) {
    return new Machine() {
      private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

      @Override
      public String hostName() {
        try {
          return Files.exists(HOST_NAME)
              ? Files.readString(HOST_NAME).strip()
              : environment.getOrDefault("HOSTNAME", "localhost");
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }

      @Override
      public Optional<InetAddress> routedAddress() {
        // Documentation addresses (RFC 5737, RFC 3849): connecting a datagram socket sends nothing.
        return sourceTowards("192.0.2.1").or(() -> sourceTowards("2001:db8::1"));
      }
    };
  }

  private static Optional<InetAddress> sourceTowards(String target) {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(new InetSocketAddress(InetAddress.ofLiteral(target), 9));
      return Optional.of(socket.getLocalAddress()).filter(address -> !address.isAnyLocalAddress());
    } catch (SocketException e) {
      // No route of that family.
      return Optional.empty();
    }
  }
}
