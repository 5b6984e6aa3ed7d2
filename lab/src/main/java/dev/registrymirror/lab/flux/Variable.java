package dev.registrymirror.lab.flux;

import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One of Flux's variables where it is used: {@code ${NAME}} or {@code ${NAME:=default}}.
 *
 * @param at the text that it is in
 */
record Variable(String name, boolean hasDefault, Document at) {

  private static final Pattern USE = Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)(:?=)?[^}]*}");

  static Stream<Variable> in(String text, Document at) {
    return USE.matcher(text)
        .results()
        .map(use -> new Variable(use.group(1), use.group(2) != null, at));
  }
}
