package dev.registrymirror.lab;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** This repository, wherever Maven runs its tests. */
public final class Repository {

  public static final Path ROOT =
      Stream.of(Path.of(""), Path.of(".."))
          .map(path -> path.toAbsolutePath().normalize())
          .filter(path -> Files.isDirectory(path.resolve("kubernetes")))
          .findFirst()
          .orElseThrow();

  private Repository() {}
}
