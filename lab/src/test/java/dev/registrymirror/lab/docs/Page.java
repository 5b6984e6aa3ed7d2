package dev.registrymirror.lab.docs;

import dev.registrymirror.lab.flux.Finding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.ext.heading.anchor.IdGenerator;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.Code;
import org.commonmark.node.FencedCodeBlock;
import org.commonmark.node.Heading;
import org.commonmark.node.Link;
import org.commonmark.node.Node;
import org.commonmark.node.Text;
import org.commonmark.parser.IncludeSourceSpans;
import org.commonmark.parser.Parser;

/**
 * A page of Markdown, as GitHub shows it.
 *
 * @param root the repository
 * @param file below it
 * @param text of the whole page
 * @param nodes all that is on it, in its order
 */
record Page(Path root, String file, String text, List<Node> nodes) {

  private static final Parser PARSER =
      Parser.builder()
          .extensions(List.of(TablesExtension.create()))
          .includeSourceSpans(IncludeSourceSpans.BLOCKS_AND_INLINES)
          .build();

  /** All of a repository: its README, what is in docs, and the charts' own. */
  static List<Page> of(Path root) {
    return Stream.concat(
            Stream.of(root.resolve("README.md")),
            Stream.of("docs", "charts").map(root::resolve).flatMap(Page::markdown))
        .map(path -> read(root, path))
        .toList();
  }

  private static Stream<Path> markdown(Path folder) {
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths.filter(path -> path.toString().endsWith(".md")).sorted().toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Page read(Path root, Path path) {
    return parse(root, root.relativize(path).toString(), content(path));
  }

  static Page parse(Path root, String file, String text) {
    return new Page(root, file, text, below(PARSER.parse(text)));
  }

  /** A text file's content. */
  static String content(Path path) {
    try {
      return Files.readString(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Node> below(Node node) {
    List<Node> nodes = new ArrayList<>();
    for (Node child = node.getFirstChild(); child != null; child = child.getNext()) {
      nodes.add(child);
      nodes.addAll(below(child));
    }
    return nodes;
  }

  private <T extends Node> Stream<T> all(Class<T> kind) {
    return nodes.stream().filter(kind::isInstance).map(kind::cast);
  }

  Stream<Link> links() {
    return all(Link.class);
  }

  /** Code within a line. */
  Stream<Code> spans() {
    return all(Code.class);
  }

  /** Blocks of code between fences. */
  Stream<FencedCodeBlock> blocks() {
    return all(FencedCodeBlock.class);
  }

  /** What {@code #…} may name on it. */
  Set<String> anchors() {
    IdGenerator ids = IdGenerator.builder().build();
    Set<String> anchors = new HashSet<>();
    all(Heading.class).forEach(heading -> anchors.add(ids.generateId(textOf(heading))));
    return anchors;
  }

  private static String textOf(Heading heading) {
    StringBuilder text = new StringBuilder();
    heading.accept(
        new AbstractVisitor() {
          @Override
          public void visit(Text words) {
            text.append(words.getLiteral());
          }

          @Override
          public void visit(Code code) {
            text.append(code.getLiteral());
          }
        });
    return text.toString();
  }

  /** The line that a node begins on, from 1; of a block the fence's. */
  static int line(Node node) {
    return node.getSourceSpans().getFirst().getLineIndex() + 1;
  }

  Finding finding(int line, String message) {
    return new Finding(file, line, message);
  }
}
