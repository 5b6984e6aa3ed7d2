package dev.registrymirror.lab;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.lab.cri.Login;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImagePusher;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Link;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The registry that nodes pull from, called {@link #REGISTRY} in references: Debian's
 * docker-registry behind a front that counts requests and can be told to fail, on a link of its
 * own.
 *
 * <p>Whatever was told to it lasts until {@link #restore()}.
 */
public final class Upstream {

  /** The registry's name in references; no DNS knows it, hosts.toml alone says where it is. */
  public static final String REGISTRY = "registry.lab";

  private final URI address;
  private final Front front;
  private final ImagePusher pusher;
  private final Supplier<Path> skopeo;
  private final Link link;
  private final Supplier<Collection<Link>> nodeLinks;

  Upstream(
      URI address,
      Front front,
      ImagePusher pusher,
      Supplier<Path> skopeo,
      Link link,
      Supplier<Collection<Link>> nodeLinks) {
    this.address = address;
    this.front = front;
    this.pusher = pusher;
    this.skopeo = skopeo;
    this.link = link;
    this.nodeLinks = nodeLinks;
  }

  /** Where nodes reach it: {@code http://198.19.0.1:5000}. */
  public URI address() {
    return address;
  }

  /** Where this machine's programs push to it, past the front and the limited link. */
  public URI pushAddress() {
    return pusher.address();
  }

  /** Makes an image and puts it there, past the front and the limited link. */
  public Image push(ImageRecipe recipe) {
    return pusher.push(recipe);
  }

  /**
   * Puts the one image of an archive there, as {@code docker save} writes it or of an OCI layout,
   * past the front and the limited link.
   *
   * @param name repository and tag: {@code app:1}
   * @return the reference to pull it by
   */
  public String push(Path archive, String name) {
    return pusher.pushArchive(skopeo.get(), archive, name);
  }

  /**
   * Answers that tag, and the digest behind it, with a manifest of {@code bytes} bytes or a little
   * more. The real registry would not take it.
   *
   * @return the image's reference
   */
  public String offerHugeManifest(String repository, String tag, int bytes) {
    String manifest = ImagePusher.hugeManifest(bytes);
    Digest digest = ImagePusher.digest(manifest);
    Front.Reply reply =
        new Front.Reply(
            200,
            ImagePusher.MANIFEST_TYPE,
            manifest,
            Map.of("Docker-Content-Digest", digest.toString()));
    front.answerWith(
        (asked, authorization) ->
            Optional.of(reply)
                .filter(r -> asked.kind().equals("manifests"))
                .filter(r -> asked.repository().equals(repository))
                .filter(r -> List.of(tag, digest.toString()).contains(asked.reference())));
    return REGISTRY + "/" + repository + ":" + tag;
  }

  /**
   * Limits what all nodes together get from it.
   *
   * @param rate as tc(8) writes it: {@code 200mbit}
   */
  public void limit(String rate) {
    link.limit(rate);
  }

  /** Ends {@link #limit}. */
  public void unlimit() {
    link.unlimit();
  }

  /** Is down: refuses connections, and breaks off those under way. */
  public void refuseConnections() {
    front.close();
  }

  /** Is unreachable: packets to and from it vanish, without a reset. */
  public void dropPackets() {
    nodeLinks.get().forEach(Link::drop);
  }

  /** Answers every request with that status (401, 403, 404, 429, 500 …). */
  public void answer(int status) {
    answer(status, asked -> true);
  }

  /** Answers those requests with that status. */
  public void answer(int status, Predicate<UpstreamRequest> which) {
    front.answerWith(
        (asked, authorization) ->
            which.test(asked)
                ? Optional.of(Front.Reply.error(status, Map.of()))
                : Optional.empty());
  }

  /** Answers those requests with bytes that do not have their digest. */
  public void spoil(Predicate<UpstreamRequest> which) {
    front.spoil(which);
  }

  /** Is private: wants that user and password (Basic), else answers 401 with a challenge. */
  public void requireLogin(Login login) {
    String pair = login.user() + ":" + login.password();
    String expected =
        "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    front.answerWith(
        (asked, authorization) ->
            authorization.filter(expected::equals).isPresent()
                ? Optional.empty()
                : Optional.of(
                    Front.Reply.error(
                        401, Map.of("WWW-Authenticate", "Basic realm=\"registry.lab\""))));
  }

  /** As it was at first: up, reachable, public, itself; a limit stays. */
  public void restore() {
    front.answerAsRegistry();
    front.open();
    nodeLinks.get().forEach(Link::restore);
  }

  /** What it was asked and answered so far, in order of completion. */
  public List<UpstreamRequest> requests() {
    return front.requests();
  }

  /** How often a digest or tag was asked for, by that method. */
  public long count(String method, String reference) {
    return requests().stream()
        .filter(asked -> asked.method().equals(method) && asked.reference().equals(reference))
        .count();
  }

  /** Begins {@link #requests()} anew. */
  public void forgetRequests() {
    front.forgetRequests();
  }

  /** Bytes that went out to all nodes together, with all headers (the link's counter). */
  public long bytesSent() {
    return link.sent();
  }
}
