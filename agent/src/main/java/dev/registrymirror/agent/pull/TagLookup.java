package dev.registrymirror.agent.pull;

import dev.registrymirror.agent.homes.TagRecord;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.peers.Finder;
import dev.registrymirror.agent.tags.TagRules;
import dev.registrymirror.agent.tags.UpstreamProbe;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** What a tag stands for, as far as the mirror may say: by {@link TagRules}. */
public final class TagLookup {

  /** How a tag is answered. */
  public sealed interface Resolution {}

  /** With the manifest of that digest. */
  public record Found(Digest digest) implements Resolution {}

  /** With 404: upstream is asked next. */
  public record AskUpstream() implements Resolution {}

  /** Without an answer: upstream has failed, and its own error is what the user is to see. */
  public record UpstreamsError(String why) implements Resolution {}

  private final TagRules rules;
  private final Finder finder;
  private final UpstreamProbe upstream;

  public TagLookup(TagRules rules, Finder finder, UpstreamProbe upstream) {
    this.rules = rules;
    this.finder = finder;
    this.upstream = upstream;
  }

  /**
   * Resolves a tag; the answer comes on {@code loop}.
   *
   * @param fallback whether upstream has failed already
   */
  public void resolve(EventLoop loop, Tag tag, boolean fallback, Consumer<Resolution> answer) {
    if (fallback ? !rules.fallbackResolves() : !rules.firstHostResolves()) {
      answer.accept(fallback ? new UpstreamsError("policy") : new AskUpstream());
    } else if (fallback) {
      upstream
          .probe(tag)
          .whenComplete(
              (seen, failure) ->
                  loop.execute(
                      () ->
                          finder.findTag(
                              loop,
                              tag,
                              known ->
                                  answer.accept(
                                      switch (rules.onFallback(seen, newest(known))) {
                                        case TagRules.Answer.Serve serve ->
                                            new Found(serve.digest());
                                        case TagRules.Answer.CloseWithoutAnswer close ->
                                            new UpstreamsError(close.why());
                                      }))));
    } else {
      finder.findTag(
          loop,
          tag,
          known ->
              answer.accept(
                  rules
                      .onFirstHost(newest(known))
                      .<Resolution>map(Found::new)
                      .orElse(new AskUpstream())));
    }
  }

  private static Optional<Digest> newest(List<TagRecord> known) {
    return known.stream().findFirst().map(TagRecord::digest);
  }
}
