package dev.registrymirror.lab.flux;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.registrymirror.lab.machine.Command;
import dev.registrymirror.lab.machine.LabException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/** A Git repository that is fetched over HTTP, from the loopback: what Git's own CGI serves. */
final class GitServer implements AutoCloseable {

  private static final String NAME = "repository";
  private static final byte[] END_OF_HEAD = "\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final Path directory;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  private GitServer(Path directory, HttpServer server) {
    this.directory = directory;
    this.server = server;
  }

  /** An empty repository below {@code parent}, with a branch {@code main}. */
  static GitServer start(Path parent) {
    try {
      Path directory = Files.createDirectories(parent.resolve(NAME));
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      GitServer git = new GitServer(directory, server);
      git.git("init", "--quiet", "--initial-branch=main");
      server.createContext("/", git::answer);
      server.setExecutor(git.threads);
      server.start();
      return git;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What is committed: files are changed here. */
  Path directory() {
    return directory;
  }

  URI url() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/" + NAME + "/.git");
  }

  /** All that is there now, as one commit. */
  void commit(String message) {
    git("add", "--all");
    git(
        "-c",
        "user.name=lab",
        "-c",
        "user.email=lab@lab.invalid",
        "commit",
        "--quiet",
        "--message=" + message);
  }

  private void git(String... arguments) {
    Command.run(
        Stream.concat(Stream.of("git", "-C", directory.toString()), Arrays.stream(arguments))
            .toArray(String[]::new));
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      Process cgi = cgi(exchange);
      try (OutputStream request = cgi.getOutputStream()) {
        exchange.getRequestBody().transferTo(request);
      }
      byte[] response = cgi.getInputStream().readAllBytes();
      int head = endOfHead(response);
      int status = 200;
      for (String line :
          new String(response, 0, head, StandardCharsets.US_ASCII).lines().toList()) {
        List<String> field = List.of(line.split(": ", 2));
        if (field.getFirst().equals("Status")) {
          status = Integer.parseInt(field.getLast().substring(0, 3));
        } else {
          exchange.getResponseHeaders().add(field.getFirst(), field.getLast());
        }
      }
      int body = head + END_OF_HEAD.length;
      exchange.sendResponseHeaders(status, response.length == body ? -1 : response.length - body);
      exchange.getResponseBody().write(response, body, response.length - body);
    }
  }

  private Process cgi(HttpExchange exchange) throws IOException {
    ProcessBuilder cgi =
        new ProcessBuilder("git", "http-backend").redirectError(ProcessBuilder.Redirect.DISCARD);
    cgi.environment()
        .putAll(
            Map.of(
                "GIT_PROJECT_ROOT", directory.getParent().toString(),
                "GIT_HTTP_EXPORT_ALL", "1",
                "PATH_INFO", exchange.getRequestURI().getPath(),
                "QUERY_STRING",
                    Optional.ofNullable(exchange.getRequestURI().getRawQuery()).orElse(""),
                "REQUEST_METHOD", exchange.getRequestMethod(),
                "CONTENT_TYPE", header(exchange, "Content-Type"),
                "CONTENT_LENGTH", header(exchange, "Content-Length"),
                "HTTP_CONTENT_ENCODING", header(exchange, "Content-Encoding"),
                "GIT_PROTOCOL", header(exchange, "Git-Protocol"),
                "REMOTE_ADDR", "127.0.0.1"));
    return cgi.start();
  }

  private static String header(HttpExchange exchange, String name) {
    return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name)).orElse("");
  }

  private static int endOfHead(byte[] response) {
    for (int at = 0; at + END_OF_HEAD.length <= response.length; at++) {
      if (Arrays.equals(
          response, at, at + END_OF_HEAD.length, END_OF_HEAD, 0, END_OF_HEAD.length)) {
        return at;
      }
    }
    throw new LabException("git http-backend answered without a head");
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }
}
