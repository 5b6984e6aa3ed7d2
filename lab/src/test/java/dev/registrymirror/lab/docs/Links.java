package dev.registrymirror.lab.docs;

import dev.registrymirror.lab.flux.Finding;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.commonmark.node.Link;

/** Whether what a page refers to within the repository is there; nothing is fetched. */
final class Links {

  private Links() {}

  static List<Finding> check(Page page) {
    return page.links()
        .flatMap(
            link -> problem(page, link).map(found -> page.finding(Page.line(link), found)).stream())
        .toList();
  }

  private static Optional<String> problem(Page page, Link link) {
    URI target;
    try {
      target = URI.create(link.getDestination());
    } catch (IllegalArgumentException e) {
      return Optional.of("is no link: " + e.getMessage());
    }
    if (target.isAbsolute()) {
      return Optional.empty();
    }
    if (target.getPath().isEmpty()) {
      return anchor(page, target);
    }
    Path there = page.root().resolve(page.file()).resolveSibling(target.getPath()).normalize();
    if (!there.startsWith(page.root()) || !Files.exists(there)) {
      return Optional.of(target.getPath() + " is not there");
    }
    return target.getFragment() == null
        ? Optional.empty()
        : anchor(Page.read(page.root(), there), target);
  }

  private static Optional<String> anchor(Page page, URI target) {
    return page.anchors().contains(target.getFragment())
        ? Optional.empty()
        : Optional.of("%s has no heading #%s".formatted(page.file(), target.getFragment()));
  }
}
