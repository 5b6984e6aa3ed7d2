package dev.registrymirror.lab.demo;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.images.ImageRecipe;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class EmbeddedStageTest {

  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(written, true, StandardCharsets.UTF_8);

  @Test
  void tellsTheStoryWithoutRootAndWithoutContainerd() {
    // Given
    Story story = new Story(out, false, ImageRecipe.named("demo:1").layers(4, 2 * MIB));

    // When
    boolean isGood;
    try (Stage stage = EmbeddedStage.open("is not what this test is about")) {
      isGood = story.play(stage);
    }

    // Then
    assertThat(isGood).as(text()).isTrue();
    assertThat(text()).containsPattern("n3 +[0-9.]+ +0 +8\n");
  }

  private String text() {
    return written.toString(StandardCharsets.UTF_8);
  }
}
