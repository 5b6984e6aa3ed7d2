package dev.registrymirror.operator.crd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CrdFileTest {

  @Test
  void chartHasWhatTheTypesSay() throws IOException {
    Path file = Path.of("..").resolve(CrdFile.PATH);

    assertThat(Files.readString(file)).as("run `make crd`").isEqualTo(CrdFile.generate());
  }

  @Test
  void everyFieldIsExplained() throws IOException {
    assertThat(UnexplainedFields.in(CrdFile.generate())).isEmpty();
  }
}
