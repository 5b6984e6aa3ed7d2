package dev.registrymirror.agent.tags;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A server below HTTP: silent, talking nonsense, or tunnelling as a proxy does for CONNECT. */
final class TestSocket implements AutoCloseable {

  /** What is done with a connection, which is closed afterwards. */
  interface Behaviour {
    void talk(Socket socket) throws IOException;
  }

  private final ServerSocket server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final AtomicInteger accepted = new AtomicInteger();

  TestSocket(Behaviour behaviour) throws IOException {
    Thread.ofVirtual().start(() -> accept(behaviour));
  }

  /** Accepts and never says a word, until the other side goes. */
  static TestSocket silent() throws IOException {
    return new TestSocket(
        socket -> socket.getInputStream().transferTo(OutputStream.nullOutputStream()));
  }

  /** Sends {@code text} to whoever connects, and closes. */
  static TestSocket saying(String text) throws IOException {
    return new TestSocket(
        socket -> {
          head(socket.getInputStream());
          socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
          socket.shutdownOutput();
          socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        });
  }

  /** A proxy that takes every CONNECT to {@code port} of this machine and notes its head. */
  static TestSocket tunnel(int port, List<String> heads) throws IOException {
    return new TestSocket(
        socket -> {
          heads.add(head(socket.getInputStream()));
          try (Socket target = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket
                .getOutputStream()
                .write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            Thread back = Thread.ofVirtual().start(() -> copy(target, socket));
            copy(socket, target);
            back.join();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  int port() {
    return server.getLocalPort();
  }

  String authority() {
    return "127.0.0.1:" + port();
  }

  int accepted() {
    return accepted.get();
  }

  private void accept(Behaviour behaviour) {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        accepted.incrementAndGet();
        sockets.add(socket);
        Thread.ofVirtual().start(() -> serve(socket, behaviour));
      } catch (IOException e) {
        // Closed by the test, which ends the loop.
      }
    }
  }

  private static void serve(Socket socket, Behaviour behaviour) {
    try (socket) {
      behaviour.talk(socket);
    } catch (IOException e) {
      // The other side went: what most of these tests are about.
    }
  }

  private static void copy(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException e) {
      // One side closed; the other is closed by its owner.
    }
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    for (int next = in.read(); next >= 0; next = in.read()) {
      head.append((char) next);
      if (head.indexOf("\r\n\r\n") >= 0) {
        break;
      }
    }
    return head.toString();
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
