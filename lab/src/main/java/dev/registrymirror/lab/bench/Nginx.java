package dev.registrymirror.lab.bench;

import dev.registrymirror.lab.Mirror;
import dev.registrymirror.lab.Node;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * nginx in a mirror's place: on the provider it serves the content store by sendfile, on the puller
 * it passes on what the provider serves. It finds nothing by itself.
 *
 * @param provider empty on the provider itself
 */
record Nginx(Path binary, Optional<Node> provider) implements Mirror {

  static final int PORT = 8080;

  @Override
  public String name() {
    return "nginx";
  }

  // As nginx comes, but for: a worker a core; connections to the provider kept; no copy of a
  // response on disk, which a mirror does not make either; buffers for large bodies.
  @Override
  public void configure(Node node) {
    Path work = node.directory().resolve("nginx");
    String blobs =
        """
        root %s;
        location /v2/ { rewrite "^/v2/.*/blobs/sha256:([0-9a-f]{64})$" /$1 break; }
        """
            .formatted(node.contentStore().resolve("blobs/sha256"));
    String proxy =
        """
        location / {
          proxy_pass http://provider;
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_max_temp_file_size 0;
          proxy_buffer_size 64k;
          proxy_buffers 16 64k;
          proxy_busy_buffers_size 512k;
        }
        """;
    String upstream =
        provider
            .map(from -> "upstream provider { server %s; keepalive 16; }")
            .map(text -> text.formatted(provider.orElseThrow().endpoint(PORT)))
            .orElse("");
    String config =
        """
        user root;
        daemon off;
        worker_processes auto;
        pid %1$s/pid;
        error_log %1$s/error.log;
        events { worker_connections 1024; }
        http {
          access_log off;
          sendfile on;
          default_type application/octet-stream;
          client_body_temp_path %1$s/body;
          proxy_temp_path %1$s/proxy;
          fastcgi_temp_path %1$s/fastcgi;
          uwsgi_temp_path %1$s/uwsgi;
          scgi_temp_path %1$s/scgi;
          %2$s
          server {
            listen %3$s;
            location = /ready { return 200; }
            %4$s
          }
        }
        """
            .formatted(work, upstream, node.endpoint(PORT), provider.isPresent() ? proxy : blobs);
    try {
      Files.createDirectories(work);
      Files.writeString(work.resolve("nginx.conf"), config);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public List<String> command(Node node) {
    Path work = node.directory().resolve("nginx");
    return List.of(
        binary.toString(),
        "-e",
        work.resolve("error.log").toString(),
        "-c",
        work.resolve("nginx.conf").toString());
  }

  @Override
  public URI ready(Node node) {
    return node.url(PORT, "/ready");
  }
}
