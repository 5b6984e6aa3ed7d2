package dev.registrymirror.agent.tags;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BearerChallengeTest {

  @Test
  void asksTheRealmForOurOwnScope() {
    Optional<BearerChallenge> challenge =
        BearerChallenge.in(
            List.of(
                "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
                    + "scope=\"repository:library/nginx:pull,push,delete\""));

    assertThat(challenge.orElseThrow().tokenRequest("library/nginx"))
        .hasToString(
            "https://auth.docker.io/token?service=registry.docker.io"
                + "&scope=repository%3Alibrary%2Fnginx%3Apull");
  }

  @Test
  void keepsTheRealmsOwnQuery() {
    Optional<BearerChallenge> challenge =
        BearerChallenge.in(List.of("bearer Realm=\"https://auth.example.com/t?account=a%20b\""));

    assertThat(challenge.orElseThrow().tokenRequest("a"))
        .hasToString("https://auth.example.com/t?account=a%20b&scope=repository%3Aa%3Apull");
  }

  @Test
  void takesTheBearerAmongOthers() {
    assertThat(
            BearerChallenge.in(
                List.of("Basic realm=\"x\"", "Bearer realm=https://a.example/token")))
        .get()
        .extracting(BearerChallenge::service)
        .isEqualTo("");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Basic realm=\"https://a.example\"",
        "Bearer",
        "Bearer ",
        "Bearer service=\"a\"",
        "Bearer realm=\"\"",
        "Bearer realm=\"/token\"",
        "Bearer realm=\"https://\"",
        "Bearer realm=\"https://a b\"",
        "Bearer realm=\"https://unclosed",
        "Bearer realm=\"mailto:a@example.com\"",
      })
  void takesNothingElse(String header) {
    assertThat(BearerChallenge.in(List.of(header))).isEmpty();
  }

  @Test
  void takesNoOverlongHeader() {
    String padding = "x=\"" + "y".repeat(BearerChallenge.MAX_LENGTH) + "\"";

    assertThat(BearerChallenge.in(List.of("Bearer realm=\"https://a.example/token\"," + padding)))
        .isEmpty();
  }

  @Property
  void neverFailsOnWhatARegistryMaySend(@ForAll @StringLength(max = 200) String text) {
    BearerChallenge.in(List.of("Bearer " + text, "Bearer realm=\"" + text + "\""))
        .ifPresent(challenge -> challenge.tokenRequest("library/nginx"));
  }
}
