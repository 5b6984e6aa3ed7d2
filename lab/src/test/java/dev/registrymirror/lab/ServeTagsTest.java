package dev.registrymirror.lab;

import static dev.registrymirror.lab.TagLab.assertAllHave;
import static dev.registrymirror.lab.TagLab.assertAllSee;

import dev.registrymirror.agent.hosts.TagPolicy;
import dev.registrymirror.lab.images.Image;
import dev.registrymirror.lab.images.ImageRecipe;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With {@code --tags serve}: the cluster answers for the tags that it knows. */
@NeedsLab
class ServeTagsTest {

  private static TagLab lab;

  @BeforeAll
  static void open() {
    lab = new TagLab(TagPolicy.SERVE);
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @AfterEach
  void restore() {
    lab.restore();
  }

  @Test
  void knownTagIsAnsweredWithoutUpstream() throws Exception {
    Image before = lab.held(ImageRecipe.named("moved:1").seed(1));
    lab.upstream().push(ImageRecipe.named("moved:1").seed(2));

    assertAllHave(lab.pull(before.reference()), before);
  }

  @Test
  void unknownTagIsUpstreams() throws Exception {
    Image app = lab.upstream().push(ImageRecipe.named("new:1"));

    assertAllHave(lab.pull(app.reference()), app);
    assertAllSee(lab.pull(app.reference() + "0"), "not found");
  }

  @ParameterizedTest
  @ValueSource(ints = {403, 404, 429, 500})
  void knownTagIsServedWhateverUpstreamSays(int status) throws Exception {
    Image app = lab.held(ImageRecipe.named("status-" + status + ":1"));
    lab.upstream().answer(status);

    assertAllHave(lab.pull(app.reference()), app);
  }

  @Test
  void knownTagIsServedWhereUpstreamIsSilent() throws Exception {
    Image app = lab.held(ImageRecipe.named("silent:1"));
    lab.upstream().dropPackets();

    assertAllHave(lab.pull(app.reference()), app);
  }
}
