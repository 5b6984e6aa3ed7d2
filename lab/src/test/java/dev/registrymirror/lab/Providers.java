package dev.registrymirror.lab;

import dev.registrymirror.agent.homes.Message;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.homes.Place;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.peers.MessageCodec;
import dev.registrymirror.agent.peers.Paths;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.machine.LabException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.function.Predicate;

/** Who provides what, as the agents of a lab tell each other: asked over their own wire. */
final class Providers {

  private static final Duration SOON = Duration.ofSeconds(20);
  private static final Duration ANSWER_BOUND = Duration.ofSeconds(2);

  /** Homes of a digest, in a cluster of so many nodes at least. */
  private static final int HOMES = 3;

  /** From outside of the cluster, so that no node is left out of an answer as who asks. */
  private static final Peer ASKER = new Peer("192.0.2.1", AgentMirror.PEER_PORT, "");

  private static final HttpClient HTTP =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .proxy(HttpClient.Builder.NO_PROXY)
          .connectTimeout(ANSWER_BOUND)
          .build();

  private Providers() {}

  /** Returns when every home of the image's blobs and of its tag knows that those nodes have it. */
  static void await(Image image, Node... providers) {
    Tag tag = new Tag(new Repository(image.registry(), image.repository()), image.tag());
    for (Node provider : providers) {
      image.blobs().forEach(digest -> await(digest, provider));
      awaitHomes(tag + " on " + provider, provider.lab(), agent -> knows(agent, tag, image));
    }
  }

  /** Returns when every home of the digest names the node as a provider. */
  static void await(Digest digest, Node provider) {
    awaitHomes(digest + " on " + provider, provider.lab(), agent -> names(agent, digest, provider));
  }

  private static void awaitHomes(String what, Lab lab, Predicate<Node> knows) {
    Collection<Node> agents = agents(lab);
    int homes = Math.min(HOMES, agents.size());
    Await.until(
        homes + " agents know of " + what,
        SOON,
        () -> agents.stream().filter(knows).count() >= homes);
  }

  /** Returns when no agent names the node as a provider of the digest. */
  static void awaitNone(Digest digest, Node provider) {
    Await.until(
        "no home of " + digest + " knows " + provider + " as its provider",
        SOON,
        () -> agents(provider.lab()).stream().noneMatch(agent -> names(agent, digest, provider)));
  }

  /** The one of {@code homes} that has given places in the digest's download. */
  static Node homeOfFlight(Digest digest, Collection<Node> homes) {
    for (Node home : homes) {
      Optional<Message> place = ask(home, new Message.Join(digest, false, 0, Optional.empty()));
      ask(home, new Message.Depart(digest));
      if (place.orElseThrow() instanceof Message.Joined joined
          && joined.place() instanceof Place.Follow) {
        return home;
      }
    }
    throw new LabException("no home knows of a download of " + digest);
  }

  private static Collection<Node> agents(Lab lab) {
    return lab.nodes().stream().filter(Node::hasMirror).toList();
  }

  private static boolean names(Node agent, Digest digest, Node provider) {
    return ask(agent, new Message.Find(digest))
        .filter(Message.Providers.class::isInstance)
        .map(Message.Providers.class::cast)
        .stream()
        .flatMap(found -> found.providers().stream())
        .anyMatch(peer -> InetAddress.ofLiteral(peer.host()).equals(address(provider)));
  }

  // The same IPv6 address is written in several ways.
  private static InetAddress address(Node node) {
    return InetAddress.ofLiteral(node.address());
  }

  private static boolean knows(Node agent, Tag tag, Image image) {
    return ask(agent, new Message.FindTag(tag))
        .filter(Message.Tags.class::isInstance)
        .map(Message.Tags.class::cast)
        .stream()
        .flatMap(found -> found.tags().stream())
        .anyMatch(seen -> seen.digest().equals(image.digest()));
  }

  private static Optional<Message> ask(Node agent, Message.Request question) {
    byte[] asked = MessageCodec.encode(ASKER, question);
    HttpRequest request =
        HttpRequest.newBuilder(agent.url(AgentMirror.PEER_PORT, Paths.MESSAGES))
            .timeout(ANSWER_BOUND)
            .POST(BodyPublishers.ofByteArray(asked))
            .build();
    try {
      HttpResponse<byte[]> response = HTTP.send(request, BodyHandlers.ofByteArray());
      return Optional.of(MessageCodec.decode(response.body()).message());
    } catch (IOException notYet) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
