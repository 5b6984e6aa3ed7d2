package dev.registrymirror.lab;

import static dev.registrymirror.lab.TagLab.LOGIN;
import static dev.registrymirror.lab.TagLab.assertAllHave;
import static dev.registrymirror.lab.TagLab.assertAllSee;

import dev.registrymirror.agent.hosts.TagPolicy;
import dev.registrymirror.lab.cri.Login;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With {@code --tags never}: upstream alone answers for tags. */
@NeedsLab
class NeverTagsTest {

  /** Releases word it differently. */
  private static final String UNAUTHORIZED = "401 Unauthorized|no basic auth credentials";

  private static TagLab lab;

  @BeforeAll
  static void open() {
    lab = new TagLab(TagPolicy.NEVER);
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
  @CsvSource({
    "401, 401 Unauthorized",
    "403, 403 Forbidden",
    "404, not found",
    "429, 429",
    "500, 500 Internal Server Error"
  })
  void knownTagIsUpstreamsError(int status, String error) throws Exception {
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
  void movedTagIsNeverStaleWhileUpstreamAnswers() throws Exception {
    lab.held(ImageRecipe.named("moved:1").seed(1));
    Image after = lab.upstream().push(ImageRecipe.named("moved:1").seed(2));

    assertAllHave(lab.pull(after.reference()), after);
  }

  @Test
  void knownTagInAnOutageIsUpstreamsError() throws Exception {
    Image app = lab.held(ImageRecipe.named("refusing:1"));
    lab.upstream().refuseConnections();

    assertAllSee(lab.pull(app.reference()), "connection refused");
  }
}
