package dev.registrymirror.lab;

import static dev.registrymirror.lab.TagLab.LOGIN;
import static dev.registrymirror.lab.TagLab.assertAllHave;
import static dev.registrymirror.lab.TagLab.assertAllSee;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.hosts.TagPolicy;
import dev.registrymirror.lab.cri.Login;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** With {@code --tags revalidate}: upstream answers for tags, and the cluster where it cannot. */
@NeedsLab
class RevalidateTagsTest {

  /** Releases word it differently. */
  private static final String UNAUTHORIZED = "401 Unauthorized|no basic auth credentials";

  private static TagLab lab;

  @BeforeAll
  static void open() {
    lab = new TagLab(TagPolicy.REVALIDATE);
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @AfterEach
  void restore() {
    lab.restore();
  }

  @ParameterizedTest
  @CsvSource({"401, 401 Unauthorized", "403, 403 Forbidden", "404, not found"})
  void tagThatUpstreamRefusesIsUpstreamsError(int status, String error) throws Exception {
    Image app = lab.held(ImageRecipe.named("refused-" + status + ":1"));
    lab.upstream().answer(status);

    assertAllSee(lab.pull(app.reference()), error);
  }

  @Test
  void privateTagIsForThoseWithThePullSecret() throws Exception {
    Image app = lab.held(ImageRecipe.named("private:1"));
    lab.upstream().requireLogin(LOGIN);

    assertAllSee(lab.pull(app.reference()), UNAUTHORIZED);
    assertAllSee(lab.pull(app.reference(), new Login("user", "wrong")), UNAUTHORIZED);
    assertAllHave(lab.pull(app.reference(), LOGIN), app);
  }

  @Test
  void tagThatIsMissingAmongPrivateOnesIsUpstreamsError() throws Exception {
    Image app = lab.held(ImageRecipe.named("misspelt:1"));
    lab.upstream().requireLogin(LOGIN);

    assertAllSee(lab.pull(app.reference() + "0", LOGIN), "not found");
  }

  @Test
  void movedTagIsNeverStaleWhileUpstreamAnswers() throws Exception {
    lab.held(ImageRecipe.named("moved:1").seed(1));
    Image after = lab.upstream().push(ImageRecipe.named("moved:1").seed(2));

    assertAllHave(lab.pull(after.reference()), after);
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 500, 503})
  void cachedTagIsServedWhereUpstreamIsBroken(int status) throws Exception {
    Image app = lab.held(ImageRecipe.named("broken-" + status + ":1"));
    lab.upstream().answer(status);

    assertAllHave(lab.pull(app.reference()), app);
  }

  @Test
  void cachedTagIsServedWhereUpstreamRefusesConnections() throws Exception {
    Image app = lab.held(ImageRecipe.named("refusing:1"));
    lab.upstream().refuseConnections();

    assertAllHave(lab.pull(app.reference()), app);
  }

  // containerd before 2.0 waits for 30 s, and 1.6 resolves twice.
  @Test
  @Timeout(value = 3, unit = TimeUnit.MINUTES)
  void cachedTagIsServedWhereUpstreamIsSilent() throws Exception {
    Image app = lab.held(ImageRecipe.named("silent:1"));
    lab.upstream().dropPackets();

    assertAllHave(lab.pull(app.reference()), app);
  }

  @Test
  void unknownTagInAnOutageIsUpstreamsError() throws Exception {
    lab.upstream().refuseConnections();

    assertAllSee(lab.pull(Upstream.REGISTRY + "/never-seen:1"), "connection refused");
  }

  @Test
  void newestIsServedInAnOutageAlsoAfterAllAgentsRestart() {
    // Given a tag that several nodes pulled, and that moved in between
    Node early = lab.pullers().get(0);
    Node puller = lab.pullers().get(1);
    Node late = lab.pullers().get(2);
    Image before = lab.held(ImageRecipe.named("newest:1").seed(1));
    early.pull(before.reference());
    Image after = lab.upstream().push(ImageRecipe.named("newest:1").seed(2));
    late.pull(after.reference());

    // When all agents forget, and hear of the newest first
    List<Node> all = List.of(late, puller, early, lab.holder());
    all.forEach(node -> node.mirror().terminate());
    all.forEach(lab::startAgent);
    Providers.await(after, late);
    Providers.await(before, early, lab.holder());
    lab.upstream().refuseConnections();
    puller.pull(after.reference());

    // Then
    assertThat(puller.images()).contains(after.byDigest()).doesNotContain(before.byDigest());
  }

  @Test
  void digestIsServedInAnOutageAndNothingElse() throws Exception {
    Image app = lab.held(ImageRecipe.named("digest:1"));
    Image unknown = lab.upstream().push(ImageRecipe.named("unknown:1"));
    lab.upstream().answer(500);

    for (Node node : lab.pullers()) {
      assertThat(lab.answersOnFallback(node, app, app.digest().toString())).isTrue();
      assertThat(lab.answersOnFallback(node, unknown, unknown.digest().toString())).isFalse();
    }
    assertAllHave(lab.pull(app.byDigest()), app);
    assertAllSee(lab.pull(unknown.byDigest()), "500 Internal Server Error");
  }
}
