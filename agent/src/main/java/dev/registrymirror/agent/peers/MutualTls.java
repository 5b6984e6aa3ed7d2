package dev.registrymirror.agent.peers;

import dev.registrymirror.agent.telemetry.Log;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLException;

/**
 * TLS 1.3 with certificates on both sides. All agents share one identity, the mirror's, so it is a
 * fixed name that is verified, not a host's.
 *
 * <p>The engine is BoringSSL's. The JDK's encrypts 36 MB/s here, as its AES-GCM is fast only where
 * C2 compiles it, which the agent goes without to save memory.
 */
public final class MutualTls implements PeerTls {

  private static final Log log = Log.of("peers");

  /** The name that every agent's certificate bears as a DNS name, whatever its node is called. */
  public static final String NAME = "peer.registrymirror.dev";

  /** A handshake that takes longer ends the connection. */
  static final Duration HANDSHAKE = Duration.ofSeconds(2);

  /** At most so often the files are looked at, when a connection begins. */
  static final Duration LOOK = Duration.ofSeconds(1);

  /** Entry of a certificate's alternative names that is a DNS name (RFC 5280, 4.2.1.6). */
  private static final Integer DNS_NAME = 2;

  private final Path certificate;
  private final Path key;
  private final Path authority;

  private Contexts contexts;
  private long lookedAt;

  /** A file as it was read: a mounted file changes its key by a swapped link, others their time. */
  private record Version(Object fileKey, FileTime modified, long size) {}

  private record Contexts(List<Version> versions, SslContext client, SslContext server) {}

  /**
   * Reads the files, all PEM; the key is PKCS #8 without a password.
   *
   * @throws IOException where one cannot be read or used; it names the file
   */
  public MutualTls(Path certificate, Path key, Path authority) throws IOException {
    this.certificate = certificate;
    this.key = key;
    this.authority = authority;
    this.contexts = read();
    this.lookedAt = System.nanoTime();
  }

  private Contexts read() throws IOException {
    List<Version> versions = versions();
    KeyAndChain own = KeyAndChain.read(certificate, key);
    SslProvider provider = OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;
    try {
      SslContext client =
          SslContextBuilder.forClient()
              .sslProvider(provider)
              .protocols("TLSv1.3")
              .keyManager(own.key(), own.chain())
              .trustManager(authority.toFile())
              .endpointIdentificationAlgorithm("HTTPS")
              .build();
      SslContext server =
          SslContextBuilder.forServer(own.key(), own.chain())
              .sslProvider(provider)
              .protocols("TLSv1.3")
              .clientAuth(ClientAuth.REQUIRE)
              .trustManager(authority.toFile())
              .build();
      return new Contexts(versions, client, server);
    } catch (SSLException | IllegalArgumentException e) {
      throw new IOException(
          "not usable for TLS: "
              + certificate
              + ", "
              + key
              + " (PKCS #8), "
              + authority
              + ": "
              + e.getMessage(),
          e);
    }
  }

  private List<Version> versions() throws IOException {
    List<Version> versions = new ArrayList<>(3);
    for (Path file : List.of(certificate, key, authority)) {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      versions.add(new Version(now.fileKey(), now.lastModifiedTime(), now.size()));
    }
    return versions;
  }

  /** The contexts of the files as they are; as they were, where they cannot be used now. */
  private synchronized Contexts current() {
    if (System.nanoTime() - lookedAt < LOOK.toNanos()) {
      return contexts;
    }
    lookedAt = System.nanoTime();
    try {
      if (!versions().equals(contexts.versions)) {
        Contexts read = read();
        // Connections that are open keep a hold of the old ones.
        ReferenceCountUtil.release(contexts.client);
        ReferenceCountUtil.release(contexts.server);
        contexts = read;
        log.info("certificates reloaded", "certificate", certificate);
      }
    } catch (IOException e) {
      log.warn("certificates not reloaded, the old ones stay", e, "certificate", certificate);
    }
    return contexts;
  }

  @Override
  public void client(SocketChannel channel) {
    // The name is also what the session is verified against.
    add(channel, current().client.newHandler(channel.alloc(), NAME, -1));
  }

  @Override
  public void server(SocketChannel channel) {
    add(channel, current().server.newHandler(channel.alloc()));
    channel.pipeline().addLast(new NameCheck());
  }

  private static void add(SocketChannel channel, SslHandler tls) {
    tls.setHandshakeTimeoutMillis(HANDSHAKE.toMillis());
    channel.pipeline().addLast(tls);
  }

  /** Ends connections of those who have a certificate of the authority, but not the mirror's. */
  private static final class NameCheck extends ChannelInboundHandlerAdapter {
    private boolean refused;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (refused) {
        ReferenceCountUtil.release(message);
      } else {
        context.fireChannelRead(message);
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
      if (event instanceof SslHandshakeCompletionEvent handshake && handshake.isSuccess()) {
        Certificate[] chain =
            context.pipeline().get(SslHandler.class).engine().getSession().getPeerCertificates();
        if (!bearsName((X509Certificate) chain[0])) {
          log.warn("peer with another name refused", "peer", context.channel().remoteAddress());
          refused = true;
          context.close();
          return;
        }
      }
      context.fireUserEventTriggered(event);
    }

    private static boolean bearsName(X509Certificate certificate)
        throws CertificateParsingException {
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      return names != null
          && names.stream().anyMatch(n -> DNS_NAME.equals(n.get(0)) && NAME.equals(n.get(1)));
    }
  }
}
