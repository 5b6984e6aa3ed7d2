package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.TestAgent;
import dev.registrymirror.agent.homes.Message;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.peers.MessageCodec;
import dev.registrymirror.agent.peers.Paths;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An agent that misbehaves as a test says: it announces a blob and answers requests for it by hand.
 */
final class FakePeer implements AutoCloseable {

  /** What is done with a connection on which a request has come. */
  interface Behaviour {
    void answer(Asked asked, Socket connection, OutputStream out) throws Exception;
  }

  /**
   * A request's first line and its range.
   *
   * @param range the header's value, empty where there is none
   */
  record Asked(String line, String range) {}

  private static final int BOUND_SECONDS = 20;

  private final ServerSocket server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
  private final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
  private final AtomicInteger blobConnections = new AtomicInteger();

  FakePeer(Behaviour behaviour) throws IOException {
    Thread.ofVirtual().start(() -> accept(behaviour));
  }

  private void accept(Behaviour behaviour) {
    while (!server.isClosed()) {
      try {
        Socket connection = server.accept();
        Thread.ofVirtual().start(() -> answer(behaviour, connection));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void answer(Behaviour behaviour, Socket connection) {
    try (connection) {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1));
      String line = in.readLine();
      String range = "";
      for (String header = in.readLine(); header != null && !header.isEmpty(); ) {
        if (header.startsWith("range: ")) {
          range = header.substring("range: ".length());
        }
        header = in.readLine();
      }
      OutputStream out = connection.getOutputStream();
      if (line.contains(Paths.MESSAGES)) {
        out.write(
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
                .getBytes(StandardCharsets.ISO_8859_1));
        return;
      }
      Asked now = new Asked(line, range);
      asked.add(now);
      blobConnections.incrementAndGet();
      behaviour.answer(now, connection, out);
    } catch (Exception e) {
      // The other side has gone, which is what some tests are about.
    }
  }

  Peer peer() {
    return new Peer("127.0.0.1", server.getLocalPort(), "");
  }

  /**
   * Tells an agent, which is a home of everything, that this peer holds these blobs and no more.
   */
  void announce(TestAgent home, Digest... digests) throws Exception {
    Message announcement =
        new Message.Announce(
            1, 0, 1, true, true, List.of(digests), List.of(), List.of(), List.of());
    URI uri = URI.create("http://127.0.0.1:" + home.setup.peerPort + Paths.MESSAGES);
    try (HttpClient client = HttpClient.newHttpClient()) {
      int status =
          client
              .send(
                  HttpRequest.newBuilder(uri)
                      .version(HttpClient.Version.HTTP_1_1)
                      .POST(BodyPublishers.ofByteArray(MessageCodec.encode(peer(), announcement)))
                      .build(),
                  BodyHandlers.discarding())
              .statusCode();
      if (status != 200) {
        throw new AssertionError("announcement answered with " + status);
      }
    }
  }

  /** The next request, waited for. */
  Asked awaitAsked() throws InterruptedException {
    Asked next = asked.poll(BOUND_SECONDS, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("not asked");
    }
    return next;
  }

  /** Connections on which a blob was asked for. */
  int connections() {
    return blobConnections.get();
  }

  /** Whether a request has come that was not waited for. */
  boolean wasAsked() {
    return !asked.isEmpty();
  }

  /** Waits for another request on a connection; whether one came before its end. */
  static boolean nextRequest(Socket connection) throws IOException {
    StringBuilder request = new StringBuilder();
    while (request.indexOf("\r\n\r\n") < 0) {
      int read = connection.getInputStream().read();
      if (read < 0) {
        return false;
      }
      request.append((char) read);
    }
    return true;
  }

  /** The head of a response with a whole blob, or with a range of one. */
  static byte[] head(int start, int end, int size) {
    boolean whole = start == 0 && end == size;
    return ((whole
                ? "HTTP/1.1 200 OK\r\n"
                : "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes "
                    + start
                    + "-"
                    + (end - 1)
                    + "/"
                    + size
                    + "\r\n")
            + "Content-Type: application/octet-stream\r\nContent-Length: "
            + (end - start)
            + "\r\n\r\n")
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Serves {@code blob} as an agent does. */
  static Behaviour serves(byte[] blob) {
    return (asked, connection, out) -> {
      int start =
          asked.range().isEmpty()
              ? 0
              : Integer.parseInt(asked.range().replaceAll("bytes=([0-9]+)-", "$1"));
      out.write(head(start, blob.length, blob.length));
      out.write(blob, start, blob.length - start);
      out.flush();
    };
  }

  /** Sends {@code bytes} of the blob and then goes on as {@code then} says. */
  static Behaviour sendsAndThen(byte[] blob, int bytes, Behaviour then) {
    return (asked, connection, out) -> {
      out.write(head(0, blob.length, blob.length));
      out.write(blob, 0, bytes);
      out.flush();
      then.answer(asked, connection, out);
    };
  }

  /** Says nothing until the other side goes away. */
  static final Behaviour STALLS = (asked, connection, out) -> connection.getInputStream().read();

  /** Ends the connection. */
  static final Behaviour CLOSES = (asked, connection, out) -> {};

  /** Ends it with RST. */
  static final Behaviour RESETS = (asked, connection, out) -> connection.setSoLinger(true, 0);

  /** Has it no longer. */
  static final Behaviour REFUSES =
      (asked, connection, out) -> {
        out.write(
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
                .getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
        STALLS.answer(asked, connection, out);
      };

  @Override
  public void close() throws IOException {
    server.close();
  }
}
