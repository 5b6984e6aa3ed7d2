package dev.registrymirror.lab.flux;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * One YAML document, or a part of one, that knows on which line it stands. What is not there, or of
 * another kind than asked for, is empty.
 *
 * @param file below the repository
 */
record Document(String file, Node node) {

  /** From 1 on. */
  int line() {
    return node.getStartMark().map(Mark::getLine).orElse(0) + 1;
  }

  Finding finding(String message) {
    return new Finding(file, line(), message);
  }

  /** What is under these keys, one below the other. */
  Optional<Document> at(String... keys) {
    Optional<Document> here = Optional.of(this);
    for (String key : keys) {
      here = here.flatMap(document -> Optional.ofNullable(document.fields().get(key)));
    }
    return here;
  }

  /** The text there, empty where there is none. */
  String text(String... keys) {
    return at(keys).map(Document::text).orElse("");
  }

  /** Its own text, where it is one. */
  String text() {
    return node instanceof ScalarNode scalar ? scalar.getValue() : "";
  }

  /** The elements of the list there. */
  List<Document> list(String... keys) {
    return at(keys)
        .map(Document::node)
        .filter(SequenceNode.class::isInstance)
        .map(SequenceNode.class::cast)
        .map(SequenceNode::getValue)
        .orElse(List.of())
        .stream()
        .map(this::part)
        .toList();
  }

  /** Its fields by name. */
  Map<String, Document> fields() {
    Map<String, Document> fields = new TreeMap<>();
    if (node instanceof MappingNode mapping) {
      for (NodeTuple tuple : mapping.getValue()) {
        fields.put(part(tuple.getKeyNode()).text(), part(tuple.getValueNode()));
      }
    }
    return fields;
  }

  /** All texts in it. */
  List<Document> texts() {
    List<Document> texts = new ArrayList<>();
    if (node instanceof ScalarNode) {
      texts.add(this);
    }
    parts().forEach(part -> texts.addAll(part.texts()));
    return texts;
  }

  private Stream<Document> parts() {
    Stream<Node> parts =
        switch (node) {
          case MappingNode mapping -> mapping.getValue().stream().map(NodeTuple::getValueNode);
          case SequenceNode sequence -> sequence.getValue().stream();
          default -> Stream.empty();
        };
    return parts.map(this::part);
  }

  private Document part(Node part) {
    return new Document(file, part);
  }

  String kind() {
    return text("kind");
  }

  String name() {
    return text("metadata", "name");
  }

  String namespace() {
    return text("metadata", "namespace");
  }

  /** Whether it is Flux's Kustomization rather than kustomize's own. */
  boolean isFluxKustomization() {
    return kind().equals("Kustomization")
        && text("apiVersion").startsWith("kustomize.toolkit.fluxcd.io/");
  }

  /** Flux's variables in its texts. */
  List<Variable> variables() {
    return texts().stream().flatMap(text -> Variable.in(text.text(), text)).toList();
  }
}
