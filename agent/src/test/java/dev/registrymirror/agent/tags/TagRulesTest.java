package dev.registrymirror.agent.tags;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.tags.ProbeResult.Outcome;
import dev.registrymirror.agent.tags.TagRules.Answer;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class TagRulesTest {

  private static final Digest CACHED = Digest.parse("sha256:" + "a".repeat(64));
  private static final Digest UPSTREAM = Digest.parse("sha256:" + "b".repeat(64));

  @Test
  void onlyServeResolvesOnTheFirstHost() {
    assertThat(TagRules.SERVE.onFirstHost(Optional.of(CACHED))).contains(CACHED);
    assertThat(TagRules.SERVE.onFirstHost(Optional.empty())).isEmpty();
    assertThat(TagRules.REVALIDATE.onFirstHost(Optional.of(CACHED))).isEmpty();
    assertThat(TagRules.NEVER.onFirstHost(Optional.of(CACHED))).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(names = {"RATE_LIMITED", "BROKEN", "NO_ANSWER"})
  void servesTheNewestKnownWhereUpstreamIsAway(Outcome outcome) {
    ProbeResult away = ProbeResult.of(outcome, "");

    assertThat(TagRules.REVALIDATE.onFallback(away, Optional.of(CACHED)))
        .isEqualTo(new Answer.Serve(CACHED));
    assertThat(TagRules.SERVE.onFallback(away, Optional.of(CACHED)))
        .isEqualTo(new Answer.Serve(CACHED));
    assertThat(TagRules.REVALIDATE.onFallback(away, Optional.empty()))
        .isInstanceOf(Answer.CloseWithoutAnswer.class);
  }

  @ParameterizedTest
  @EnumSource(
      names = {"RATE_LIMITED", "BROKEN", "NO_ANSWER"},
      mode = Mode.EXCLUDE)
  void neverServesACachedTagWhereUpstreamIsThereOrWasNotAsked(Outcome outcome) {
    ProbeResult there = ProbeResult.of(outcome, "");

    assertThat(TagRules.REVALIDATE.onFallback(there, Optional.of(CACHED)))
        .isInstanceOf(Answer.CloseWithoutAnswer.class);
    assertThat(TagRules.SERVE.onFallback(there, Optional.of(CACHED)))
        .isInstanceOf(Answer.CloseWithoutAnswer.class);
  }

  @Test
  void servesWhatUpstreamShowsToEverybodyAndNotWhatIsCached() {
    ProbeResult exists = ProbeResult.exists(Optional.of(UPSTREAM));

    assertThat(TagRules.REVALIDATE.onFallback(exists, Optional.of(CACHED)))
        .isEqualTo(new Answer.Serve(UPSTREAM));
  }

  @ParameterizedTest
  @EnumSource
  void neverServesATagOnFallbackWhereUpstreamAloneResolves(Outcome outcome) {
    ProbeResult result = new ProbeResult(outcome, Optional.of(UPSTREAM), "");

    assertThat(TagRules.NEVER.onFallback(result, Optional.of(CACHED)))
        .isInstanceOf(Answer.CloseWithoutAnswer.class);
  }

  @Test
  void servesADigestThatTheClusterHas() {
    assertThat(TagRules.onFallback(CACHED, true)).isEqualTo(new Answer.Serve(CACHED));
    assertThat(TagRules.onFallback(CACHED, false)).isInstanceOf(Answer.CloseWithoutAnswer.class);
  }
}
