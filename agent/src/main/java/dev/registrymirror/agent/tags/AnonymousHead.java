package dev.registrymirror.agent.tags;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.tags.ProbeResult.Outcome;
import dev.registrymirror.agent.tags.ProxySettings.HttpProxy;
import dev.registrymirror.agent.tags.ProxySettings.UnusableProxyException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/**
 * One look at one tag upstream, as anybody may: {@code HEAD /v2/<name>/manifests/<tag>}, and where
 * the registry asks for a token, the public token flow and once more.
 *
 * <p>Nothing but a token so obtained is ever sent: no credential of a request, a file or the
 * environment. (A proxy's own user and password go to that proxy alone.)
 */
final class AnonymousHead {

  /** Redirects followed for one request, all of them from https to https. */
  static final int MAX_REDIRECTS = 3;

  /** Bytes; a longer answer of a token service is refused. */
  static final int MAX_TOKEN_ANSWER = 64 << 10;

  /**
   * The same as containerd sends (its resolver's HEAD), so that the answer is to the same question.
   */
  static final String ACCEPT =
      "application/vnd.docker.distribution.manifest.v2+json, "
          + "application/vnd.docker.distribution.manifest.list.v2+json, "
          + "application/vnd.oci.image.manifest.v1+json, "
          + "application/vnd.oci.image.index.v1+json, */*";

  private static final JsonFactory JSON = new JsonFactory();
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

  /** RFC 6750, 2.1: what may stand after {@code Bearer}. */
  private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]++=*+");

  /** How the JDK's client says that a connection ended within the handshake: no type tells it. */
  private static final String HANDSHAKE_CUT = "Remote host terminated the handshake";

  private static final int MAX_DETAIL = 200;

  static {
    // The JDK reads both once, when its client is first used. Without the first it drops a proxy's
    // user and password from CONNECT; the second bounds what a registry can make us hold, in bytes.
    setIfAbsent("jdk.http.auth.tunneling.disabledSchemes", "");
    setIfAbsent("jdk.http.maxHeaderSize", "65536");
  }

  private static void setIfAbsent(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  private final ProxySettings proxies;
  private final Executor executor;

  /**
   * @param executor for the client's own tasks, name lookups among them
   */
  AnonymousHead(ProxySettings proxies, Executor executor) {
    this.proxies = proxies;
    this.executor = executor;
  }

  /**
   * Asks, and waits for the answer.
   *
   * @param bound for everything together; a body that trickles is ended by interrupting
   * @throws InterruptedException where the caller's bound ended it
   */
  ProbeResult ask(UpstreamAddress upstream, Tag tag, Duration bound) throws InterruptedException {
    HttpClient client;
    try {
      client = client(upstream);
    } catch (IOException | GeneralSecurityException e) {
      return ProbeResult.of(Outcome.NOT_ASKED, "authorities: " + detail(e));
    }
    try {
      return new Exchange(client, System.nanoTime() + bound.toNanos()).ask(upstream, tag);
    } catch (UnusableProxyException e) {
      return ProbeResult.of(Outcome.NOT_ASKED, detail(e));
    } catch (IOException e) {

      return ProbeResult.of(outcome(e), detail(e));
    } finally {
      // Not close(), which would wait. A client lives for one look: looks are rare, its selector
      // thread and buffers are not worth keeping.
      client.shutdownNow();
    }
  }

  private HttpClient client(UpstreamAddress upstream) throws IOException, GeneralSecurityException {
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .executor(executor)
            .proxy(new Selector());
    if (upstream.api().getScheme().equals("https") || upstream.skipVerify()) {
      builder.sslContext(UpstreamTrust.contextFor(upstream));
    }
    return builder.build();
  }

  /**
   * A certificate that is not trusted is upstream refusing us, or somebody in its place: either way
   * containerd's own error must be seen. A connection cut within the handshake is no answer.
   */
  private static Outcome outcome(IOException failure) {
    boolean tls = false;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof EOFException
          || cause instanceof SocketException
          || cause instanceof HttpTimeoutException
          || HANDSHAKE_CUT.equals(cause.getMessage())) {
        return Outcome.NO_ANSWER;
      }
      if (cause instanceof RejectedExecutionException) {
        return Outcome.NOT_ASKED;
      }
      tls |= cause instanceof SSLException;
    }
    return tls ? Outcome.REFUSED : Outcome.NO_ANSWER;
  }

  private static String detail(Exception failure) {
    String text =
        failure.getMessage() == null
            ? failure.getClass().getSimpleName()
            : failure.getClass().getSimpleName() + ": " + failure.getMessage();
    return text.length() <= MAX_DETAIL ? text : text.substring(0, MAX_DETAIL);
  }

  /** The requests of one look, under one deadline. */
  private final class Exchange {
    private final HttpClient client;
    private final long deadline;

    Exchange(HttpClient client, long deadline) {
      this.client = client;
      this.deadline = deadline;
    }

    ProbeResult ask(UpstreamAddress upstream, Tag tag)
        throws IOException, InterruptedException, UnusableProxyException {
      URI manifest = upstream.manifest(tag.repository().name(), tag.tag());
      HttpResponse<Void> first = head(manifest, Optional.empty());
      if (first.statusCode() != 401) {
        return result(first);
      }
      Optional<BearerChallenge> challenge =
          BearerChallenge.in(first.headers().allValues("WWW-Authenticate"));
      if (challenge.isEmpty()) {
        return ProbeResult.of(Outcome.REFUSED, "401 without a bearer challenge");
      }
      if (!mayAskForToken(manifest, challenge.get().realm())) {
        return ProbeResult.of(Outcome.REFUSED, "401 with a token service that is not https");
      }
      URI service = challenge.get().tokenRequest(tag.repository().name());
      HttpResponse<InputStream> answer =
          send("GET", service, "application/json", Optional.empty(), BodyHandlers.ofInputStream());
      if (answer.statusCode() != 200) {
        Outcome outcome = outcome(answer.statusCode());
        return ProbeResult.of(
            outcome == Outcome.GONE ? Outcome.REFUSED : outcome,
            "token service: " + answer.statusCode());
      }
      byte[] body = answer.body().readNBytes(MAX_TOKEN_ANSWER + 1);
      Optional<String> token = body.length > MAX_TOKEN_ANSWER ? Optional.empty() : token(body);
      if (token.isEmpty()) {
        return ProbeResult.of(Outcome.REFUSED, "token service: 200 without a token");
      }
      return result(head(manifest, Optional.of("Bearer " + token.get())));
    }

    private HttpResponse<Void> head(URI manifest, Optional<String> authorization)
        throws IOException, InterruptedException, UnusableProxyException {
      return send("HEAD", manifest, ACCEPT, authorization, BodyHandlers.discarding());
    }

    private <T> HttpResponse<T> send(
        String method,
        URI target,
        String accept,
        Optional<String> authorization,
        BodyHandler<T> body)
        throws IOException, InterruptedException, UnusableProxyException {
      URI uri = target;
      for (int hop = 0; ; hop++) {
        Duration left = Duration.ofNanos(deadline - System.nanoTime());
        if (!left.isPositive()) {
          throw new HttpTimeoutException("no time left");
        }
        HttpRequest.Builder request =
            HttpRequest.newBuilder(uri)
                .method(method, HttpRequest.BodyPublishers.noBody())
                .header("Accept", accept)
                .header("User-Agent", "registry-mirror")
                .timeout(left);
        if (sameHost(uri, target)) {
          authorization.ifPresent(value -> request.header("Authorization", value));
        }
        proxies
            .proxyFor(uri)
            .flatMap(HttpProxy::authorization)
            .ifPresent(value -> request.header("Proxy-Authorization", value));
        HttpResponse<T> response = client.send(request.build(), body);
        Optional<URI> next = redirect(response);
        if (next.isEmpty() || hop == MAX_REDIRECTS) {
          return response;
        }
        uri = next.get();
      }
    }
  }

  /** Where to go on; empty where it is no redirect, or none that is followed. */
  private static Optional<URI> redirect(HttpResponse<?> response) {
    if (!REDIRECTS.contains(response.statusCode())) {
      return Optional.empty();
    }
    try {
      return response
          .headers()
          .firstValue("Location")
          .map(location -> response.uri().resolve(URI.create(location)))
          .filter(next -> isHttps(response.uri()) && isHttps(next) && next.getHost() != null);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static boolean isHttps(URI uri) {
    return "https".equalsIgnoreCase(uri.getScheme());
  }

  private static boolean sameHost(URI one, URI other) {
    return one.getScheme().equalsIgnoreCase(other.getScheme())
        && one.getRawAuthority().equalsIgnoreCase(other.getRawAuthority());
  }

  /** A registry asked by https must not have us go on in the clear. */
  private static boolean mayAskForToken(URI manifest, URI realm) {
    return isHttps(realm) || (!isHttps(manifest) && "http".equalsIgnoreCase(realm.getScheme()));
  }

  private static ProbeResult result(HttpResponse<?> response) {
    int status = response.statusCode();
    if (status == 200) {
      return ProbeResult.exists(
          response.headers().firstValue("Docker-Content-Digest").flatMap(Digest::tryParse));
    }
    return ProbeResult.of(outcome(status), Integer.toString(status));
  }

  private static Outcome outcome(int status) {
    if (status == 404) {
      return Outcome.GONE;
    }
    if (status == 407) {
      return Outcome.NOT_ASKED;
    }
    if (status == 429) {
      return Outcome.RATE_LIMITED;
    }
    return status >= 500 ? Outcome.BROKEN : Outcome.REFUSED;
  }

  /**
   * {@code token} or {@code access_token} of a token service's answer; empty where it is not such.
   */
  static Optional<String> token(byte[] answer) {
    try (JsonParser json = JSON.createParser(answer)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return Optional.empty();
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        JsonToken value = json.nextToken();
        if (value == JsonToken.VALUE_STRING
            && Set.of("token", "access_token").contains(field)
            && TOKEN.matcher(json.getText()).matches()) {
          return Optional.of(json.getText());
        }
        json.skipChildren();
      }
      return Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The environment's proxies, for the JDK's client. */
  private final class Selector extends ProxySelector {
    @Override
    public List<Proxy> select(URI uri) {
      try {
        return proxies
            .proxyFor(uri)
            .map(proxy -> List.of(new Proxy(Proxy.Type.HTTP, proxy.address())))
            .orElse(List.of(Proxy.NO_PROXY));
      } catch (UnusableProxyException e) {
        throw new IllegalStateException("checked before each request", e);
      }
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
      // The request fails with the same; there is no second proxy to try.
    }
  }
}
