package dev.registrymirror.lab.docs;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.commonmark.node.FencedCodeBlock;

/**
 * A command that a page shows.
 *
 * @param line on the page, from 1
 * @param words without their quotes; variables and substitutions stand as they are
 * @param whole for a reader to run as it is, rather than in a sentence or with what it wrote
 */
record ShellCommand(int line, List<String> words, boolean whole) {

  private static final String PROMPT = "$ ";

  /** A line that goes on, a comment, the end of a command, a word: what a shell tells apart. */
  private static final Pattern TOKEN =
      Pattern.compile(
          "\\\\\\n|(?<!\\S)#.*|(?<end>[\\n;|&]+)|(?<word>(?:'[^']*'|\"[^\"]*\"|[^\\s;|&'\"])+)");

  private static final Pattern QUOTES = Pattern.compile("['\"]");

  /** All of a page: in its blocks {@code sh}, behind prompts, and in the text. */
  static Stream<ShellCommand> on(Page page) {
    return Stream.concat(
        page.blocks().flatMap(ShellCommand::in),
        page.spans().flatMap(code -> parse(Page.line(code), code.getLiteral(), false)));
  }

  private static Stream<ShellCommand> in(FencedCodeBlock block) {
    int first = Page.line(block) + 1;
    if (block.getInfo().equals("sh")) {
      return parse(first, block.getLiteral(), true);
    }
    List<String> lines = block.getLiteral().lines().toList();
    return IntStream.range(0, lines.size())
        .filter(line -> lines.get(line).startsWith(PROMPT))
        .boxed()
        .flatMap(line -> parse(first + line, lines.get(line).substring(PROMPT.length()), false));
  }

  private static Stream<ShellCommand> parse(int firstLine, String script, boolean whole) {
    List<ShellCommand> commands = new ArrayList<>();
    List<String> words = new ArrayList<>();
    int begin = 0;
    Matcher token = TOKEN.matcher(script + "\n");
    while (token.find()) {
      if (token.group("word") != null) {
        begin = words.isEmpty() ? token.start() : begin;
        words.add(QUOTES.matcher(token.group()).replaceAll(""));
      } else if (token.group("end") != null && !words.isEmpty()) {
        int line =
            firstLine + (int) script.substring(0, begin).chars().filter(c -> c == '\n').count();
        commands.add(new ShellCommand(line, List.copyOf(words), whole));
        words.clear();
      }
    }
    return commands.stream();
  }

  /** Whether it begins with these words. */
  boolean runs(String... program) {
    return words.size() >= program.length
        && words.subList(0, program.length).equals(List.of(program));
  }

  /** The words after the first. */
  List<String> arguments() {
    return words.subList(1, words.size());
  }
}
