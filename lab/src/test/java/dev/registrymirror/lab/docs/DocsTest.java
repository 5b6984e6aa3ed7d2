package dev.registrymirror.lab.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.Repository;
import dev.registrymirror.lab.flux.Finding;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the pages name is there; and each check with a page that breaks it. */
class DocsTest {

  private static final Path ROOT = Repository.ROOT;

  @Test
  void thisRepositorysPagesNameWhatIsThere() {
    List<Page> pages = Page.of(ROOT);

    assertThat(pages)
        .extracting(Page::file)
        .contains("README.md", "docs/install.md", "charts/registry-mirror/README.md");
    assertThat(pages.stream().flatMap(DocsTest::check)).isEmpty();
  }

  private static Stream<Finding> check(Page page) {
    return Stream.of(Links.check(page), CommandLines.check(page), MetricNames.check(page))
        .flatMap(List::stream);
  }

  /** In a sentence, in a table, in a block of commands, or behind a prompt. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          [a](gone.md)                               | 3 | gone.md is not there
          [a](install.md#gone)                       | 3 | docs/install.md has no heading #gone
          [a](#gone)                                 | 3 | docs/page.md has no heading #gone
          [a](../../outside.md)                      | 3 | ../../outside.md is not there
          [a](no%link)                               | 3 | is no link
          [a]\\n\\n[a]: gone.md                       | 3 | gone.md is not there
          "| a |\\n|---|\\n| [b](gone.md) |"       | 5 | gone.md is not there
          `make teest`                               | 3 | the Makefile has no target teest
          ```sh\\nmake demo   # this\\nmake gone X=1\\n``` | 5 | the Makefile has no target gone
          ```sh\\nmake demo \\\\n  gone\\n```          | 4 | the Makefile has no target gone
          ```\\n$ make gone\\nmade\\n```                | 4 | the Makefile has no target gone
          `mirror-agent serv`                        | 3 | unexpected argument 'serv'
          `mirror-agent doctor --seed …`             | 3 | mirror-agent doctor has no option --seed
          ```sh\\nmirror-agent serve --tag=never\\n``` | 4 | unknown option '--tag=never'
          ```sh\\nmirror-agent serve --tags=maybe\\n``` | 4 | --tags
          "```sh\\necho x | mirror-agent configure --miror x\\n```" | 4 | unknown option
          `registry_mirror_gone_total`               | 3 | no metric is called registry_mirror_gone_total
          """)
  void namesFileAndLineOfWhatIsNot(String text, int line, String message) {
    Page page = page(text);

    assertThat(check(page))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.file()).isEqualTo("docs/page.md");
              assertThat(finding.line()).isEqualTo(line);
              assertThat(finding.message()).contains(message);
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[a](install.md#per-platform) [b](#a-page) [c](../README.md) [d](decisions/)",
        "[a](https://example.com/gone.md#gone)",
        "`make` `make bench ARGS=\"herd cut-off\"` `maker gone`",
        "`mirror-agent serve --help` `mirror-agent --version` `mirror-agent cleanup`",
        "```sh\\n"
            + "mirror-agent serve --node-ip 10.0.0.1 \\\\n"
            + "  --seeds 10.0.0.2:29998   # --none\\n"
            + "```",
        "`registry_mirror_…` `registry_mirror_lookup_seconds_count`",
        "```toml\\nmake = gone\\n```",
      })
  void takesWhatIsThere(String text) {
    assertThat(check(page(text))).isEmpty();
  }

  /** A page of this repository's with this text from line 3 on. */
  static Page page(String text) {
    return Page.parse(ROOT, "docs/page.md", "# A page\n\n" + text.replace("\\n", "\n"));
  }
}
