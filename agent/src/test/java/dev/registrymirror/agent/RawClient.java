package dev.registrymirror.agent;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Speaks HTTP by hand, so that a test sees what a library hides: whether a connection ended with
 * FIN or with RST, and what was sent before.
 */
public final class RawClient implements AutoCloseable {

  /** How a body ended. */
  public enum End {
    WHOLE,
    FIN,
    RESET
  }

  /** A response; {@code status} is 0 where the connection ended before it. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared as a whole.
  public record Reply(int status, Map<String, String> headers, byte[] body, End end) {
    public String header(String name) {
      return headers.get(name.toLowerCase(Locale.ROOT));
    }

    public String text() {
      return new String(body, StandardCharsets.UTF_8);
    }
  }

  /** In milliseconds; a test that waits longer has found a hang. */
  private static final int BOUND = 30_000;

  private final Socket socket;
  private final DataInputStream in;

  public RawClient(URI server) throws IOException {
    socket = new Socket(server.getHost(), server.getPort());
    socket.setSoTimeout(BOUND);
    in = new DataInputStream(socket.getInputStream());
  }

  public static Reply get(URI uri, String... headers) throws IOException {
    return request("GET", uri, headers);
  }

  public static Reply head(URI uri, String... headers) throws IOException {
    return request("HEAD", uri, headers);
  }

  private static Reply request(String method, URI uri, String... headers) throws IOException {
    try (RawClient client = new RawClient(uri)) {
      client.send(method, uri, headers);
      return client.receive(method.equals("HEAD"));
    }
  }

  public void send(String method, URI uri, String... headers) throws IOException {
    String target = uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
    StringBuilder request =
        new StringBuilder(method + " " + target + " HTTP/1.1\r\nHost: test\r\n");
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    send(request.append("\r\n").toString());
  }

  public void send(String bytes) throws IOException {
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  public Socket socket() {
    return socket;
  }

  public Reply receive(boolean head) throws IOException {
    Map<String, String> headers = new TreeMap<>();
    int status = 0;
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try {
      status = Integer.parseInt(line().split(" ", 3)[1]);
      for (String line = line(); !line.isEmpty(); line = line()) {
        int colon = line.indexOf(':');
        headers.put(
            line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
      }
      long length = head ? 0 : Long.parseLong(headers.getOrDefault("content-length", "0"));
      while (body.size() < length) {
        byte[] piece = new byte[(int) Math.min(1 << 16, length - body.size())];
        int read = in.read(piece);
        if (read < 0) {
          throw new EOFException();
        }
        body.write(piece, 0, read);
      }
      return new Reply(status, headers, body.toByteArray(), End.WHOLE);
    } catch (EOFException e) {
      return new Reply(status, headers, body.toByteArray(), End.FIN);
    } catch (SocketException e) {
      return new Reply(status, headers, body.toByteArray(), End.RESET);
    }
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException();
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
