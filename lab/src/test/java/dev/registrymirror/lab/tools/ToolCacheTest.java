package dev.registrymirror.lab.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ToolCacheTest {

  @TempDir private Path root;
  private ToolCache cache;

  @BeforeEach
  void open() {
    cache = new ToolCache(root);
  }

  @Test
  void buildsOnceForAllWhoAskAtOnce() {
    AtomicInteger builds = new AtomicInteger();

    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 8; i++) {
        threads.execute(
            () ->
                cache.get(
                    "tool",
                    target -> {
                      builds.incrementAndGet();
                      write(target.resolve("program"));
                    }));
      }
    }

    assertThat(builds).hasValue(1);
    assertThat(root.resolve("tool/program")).exists();
  }

  @Test
  void failedBuildLeavesNothingAndIsTriedAgain() {
    assertThatThrownBy(
            () ->
                cache.get(
                    "tool",
                    target -> {
                      write(target.resolve("half"));
                      throw new IllegalStateException("no network");
                    }))
        .hasMessage("no network");
    assertThat(cache.has("tool")).isFalse();
    assertThat(root).isDirectoryNotContaining(Files::isDirectory);

    Path tool = cache.get("tool", target -> write(target.resolve("program")));

    assertThat(tool.resolve("program")).exists();
    assertThat(tool.resolve("half")).doesNotExist();
  }

  private static void write(Path file) {
    try {
      Files.writeString(file, "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
