package dev.registrymirror.lab.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.registrymirror.lab.machine.LabException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;

/** HEAD requests one after the other on one connection that is kept. */
final class HeadClient implements AutoCloseable {

  private static final int BOUND_MILLIS = 10_000;

  private final Socket socket = new Socket();
  private final BufferedReader responses;
  private final String host;

  /** Connects to the authority of {@code uri}. */
  HeadClient(URI uri) {
    host = uri.getAuthority();
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(BOUND_MILLIS);
      socket.connect(new InetSocketAddress(uri.getHost(), uri.getPort()), BOUND_MILLIS);
      responses = new BufferedReader(new InputStreamReader(socket.getInputStream(), ISO_8859_1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Milliseconds from the request to the end of the response's head.
   *
   * @throws LabException where its status is not {@code expected}
   */
  double head(URI uri, int expected) {
    byte[] request =
        "HEAD %s?%s HTTP/1.1\r\nHost: %s\r\n\r\n"
            .formatted(uri.getRawPath(), uri.getRawQuery(), host)
            .getBytes(ISO_8859_1);
    try {
      long start = System.nanoTime();
      socket.getOutputStream().write(request);
      String status = responses.readLine();
      for (String line = status; line != null && !line.isEmpty(); ) {
        line = responses.readLine();
      }
      long end = System.nanoTime();
      if (status == null || !status.contains(" " + expected)) {
        throw new LabException("HEAD " + uri + ": " + status + " in place of " + expected);
      }
      return (end - start) / 1e6;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
