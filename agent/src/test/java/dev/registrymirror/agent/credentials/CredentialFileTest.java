package dev.registrymirror.agent.credentials;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialFileTest {

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void nameFile() {
    file = folder.resolve("credentials");
  }

  @Test
  void firstIsShownAndAllAreAccepted() throws IOException {
    // Given two credentials, one with colons in its password
    Files.writeString(file, "# new\nnode:s:3\n\nnode:old\n");

    // When
    CredentialFile credentials = CredentialFile.open(file);

    // Then
    assertThat(credentials.first().authorization()).isEqualTo("Basic bm9kZTpzOjM=");
    assertThat(credentials.accepts("Basic bm9kZTpzOjM=")).isTrue();
    assertThat(credentials.accepts("Basic bm9kZTpvbGQ=")).isTrue();
    assertThat(credentials.accepts("Basic bm9kZTpvbGQ")).isFalse();
    assertThat(credentials.accepts("")).isFalse();
    assertThat(credentials.accepts(null)).isFalse();
  }

  @Test
  void reloadTakesWhatChanged() throws IOException {
    Files.writeString(file, "node:old\n");
    CredentialFile credentials = CredentialFile.open(file);
    assertThat(credentials.reload()).isFalse();

    Files.writeString(file, "node:new\n");

    assertThat(credentials.reload()).isTrue();
    assertThat(credentials.first()).isEqualTo(new Credential("node", "new"));
    assertThat(credentials.accepts(new Credential("node", "old").authorization())).isFalse();
  }

  @Test
  void reloadFollowsTheLinkThatKubeletSwaps() throws IOException {
    // Given a Secret's volume: the file is a link through ..data to a directory of its version
    Path before = Files.createDirectory(folder.resolve("..v1"));
    Path after = Files.createDirectory(folder.resolve("..v2"));
    Files.writeString(before.resolve("credentials"), "node:old\n");
    Files.writeString(after.resolve("credentials"), "node:new\nnode:old\n");
    Path data = Files.createSymbolicLink(folder.resolve("..data"), before.getFileName());
    Files.createSymbolicLink(file, Path.of("..data/credentials"));
    CredentialFile credentials = CredentialFile.open(file);

    // When
    Path swapped = Files.createSymbolicLink(folder.resolve("..data_tmp"), after.getFileName());
    Files.move(swapped, data, StandardCopyOption.ATOMIC_MOVE);

    // Then
    assertThat(credentials.reload()).isTrue();
    assertThat(credentials.first().password()).isEqualTo("new");
    assertThat(credentials.accepts(new Credential("node", "old").authorization())).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "# none\n", "secret\n", ":secret\n", "node:\n"})
  void malformedFileKeepsWhatIsKnownAndNeverPrintsIt(String text) throws IOException {
    // Given
    Files.writeString(file, "node:old\n");
    CredentialFile credentials = CredentialFile.open(file);

    // When
    Files.writeString(file, text);

    // Then
    assertThat(credentials.reload()).isFalse();
    assertThat(credentials.first().password()).isEqualTo("old");
    assertThatThrownBy(() -> CredentialFile.open(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file.toString())
        .hasMessageNotContaining("secret");
  }

  @Test
  void tooManyOrTooLongIsRefused() throws IOException {
    Files.writeString(file, "node:x\n".repeat(CredentialFile.MAX_CREDENTIALS + 1));
    assertThatThrownBy(() -> CredentialFile.open(file)).isInstanceOf(IOException.class);

    Files.writeString(file, "#".repeat(CredentialFile.MAX_FILE_SIZE + 1));
    assertThatThrownBy(() -> CredentialFile.open(file)).hasMessageContaining("longer");

    Files.writeString(file, "node:" + "x".repeat(Credential.MAX_LENGTH));
    assertThatThrownBy(() -> CredentialFile.open(file)).hasMessageContaining(":1: ");
  }

  @Test
  void passwordIsNeverPrinted() {
    assertThat(new Credential("node", "secret").toString())
        .contains("node")
        .doesNotContain("secret");
  }
}
