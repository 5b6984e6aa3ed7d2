package dev.registrymirror.agent.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestTest {

  private static final String DIGEST = "sha256:" + "a".repeat(64);

  private static Manifest read(String json) throws IOException {
    return Manifest.read(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'mediaType':'a/b+json','manifests':[]} | a/b+json",
        "{'layers':[{'mediaType':'x/y'}],'mediaType':'a/b'} | a/b",
        "{'mediaType':'a/b','mediaType':'c/d'} | c/d",
        "{'manifests':[]} | application/vnd.oci.image.index.v1+json",
        "{'config':{},'layers':[]} | application/vnd.oci.image.manifest.v1+json",
        "{'schemaVersion':1,'fsLayers':[]}"
            + " | application/vnd.docker.distribution.manifest.v1+json",
        "{'schemaVersion':1,'fsLayers':[],'signatures':[{}]}"
            + " | application/vnd.docker.distribution.manifest.v1+prettyjws",
      })
  void tellsTheType(String json, String type) throws IOException {
    assertThat(read(json.replace('\'', '"')).mediaType()).contains(type);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{'layers':[]}",
        "{'config':{}}",
        "{'config':'x','layers':[]}",
        "{'fsLayers':[]}",
        "{'mediaType':7}",
        "{'mediaType':'a'}",
        "{'mediaType':'a/b\\r\\nX-Evil: 1'}",
        "{'mediaType':{'mediaType':'a/b'}}",
        "{'a':{'mediaType':'a/b','manifests':[]}}",
      })
  void tellsNoTypeWhereThereIsNone(String json) throws IOException {
    assertThat(read(json.replace('\'', '"')).mediaType()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "7", "{", "{'a'", "{'manifests':[", "\u001f\u008b", "\0\0\0x"})
  void refusesWhatIsNoJsonObject(String json) {
    assertThatThrownBy(() -> read(json.replace('\'', '"')))
        .isInstanceOf(JsonProcessingException.class);
  }

  @Test
  void refusesJsonThatIsNestedWithoutEnd() {
    assertThatThrownBy(() -> read("{\"a\":" + "[".repeat(1_000_000)))
        .isInstanceOf(JsonProcessingException.class);
  }

  @Test
  void listsChildren() throws IOException {
    Manifest manifest =
        read(
            """
            {"manifests":[
              {"digest":"%s","size":5,"mediaType":"a/b","annotations":{"k":"v","n":1}},
              {"digest":"sha256:short","size":6},
              {"digest":"%s","size":"7","annotations":"x"},
              9, [1]
            ]}\
            """
                .formatted(DIGEST, DIGEST.replace('a', 'b').replace("shb", "sha")));

    assertThat(manifest.children()).hasSize(2);
    assertThat(manifest.children().getFirst().mediaType()).isEqualTo("a/b");
    assertThat(manifest.children().getFirst().size()).isEqualTo(5);
    assertThat(manifest.children().getFirst().annotations()).containsOnlyKeys("k");
    assertThat(manifest.children().getLast().size()).isNegative();
  }

  @Property
  void survivesAnyBytes(@ForAll byte[] bytes) throws IOException {
    try {
      assertThat(Manifest.read(new ByteArrayInputStream(bytes))).isNotNull();
    } catch (JsonProcessingException e) {
      assertThat(e).hasMessageNotContaining("\n\n");
    }
  }
}
