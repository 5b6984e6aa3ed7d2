package dev.registrymirror.agent.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With inotify the conformance suite tries it; here where there is none. */
class FolderWatcherTest {

  /** Polled every 100 ms. */
  private static final Duration BOUND = Duration.ofMillis(250);

  @TempDir Path temp;
  private final StoreThread thread = new StoreThread("store-test");
  private final Set<String> names = ConcurrentHashMap.newKeySet();
  private final Set<Path> missing = ConcurrentHashMap.newKeySet();
  private FolderWatcher watcher;

  private void watchWithoutInotify(Path folder) {
    watcher =
        new FolderWatcher(
            thread,
            List.of(folder),
            new FolderWatcher.Handler() {
              @Override
              public void scan(Path folder) {
                Set<String> found = new TreeSet<>();
                try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
                  entries.forEach(entry -> found.add(entry.getFileName().toString()));
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
                names.addAll(found);
                names.retainAll(found);
              }

              @Override
              public void changed(Path folder, String name) {
                names.add(name);
              }

              @Override
              public void missing(Path folder) {
                missing.add(folder);
                names.clear();
              }
            },
            () -> {
              throw new IOException("User limit of inotify instances reached");
            });
    thread.execute(watcher::start);
  }

  @AfterEach
  void close() {
    watcher.close();
    thread.close();
  }

  private void await(BooleanSupplier condition) {
    new Recorder().await("seen", BOUND, condition);
  }

  @Test
  void pollsWhereInotifyIsUsedUp() throws IOException {
    Path folder = temp.resolve("a/b");
    watchWithoutInotify(folder);
    await(() -> watcher.problem().contains("fs.inotify.max_user_instances"));

    Files.createDirectories(folder);
    Files.createFile(folder.resolve("one"));
    await(() -> names.contains("one"));

    for (int i = 0; i < 20; i++) {
      // At once after it was listed: within one tick of the file system's clock.
      String name = "more" + i;
      Files.createFile(folder.resolve(name));
      await(() -> names.contains(name));
    }
    Files.delete(folder.resolve("one"));
    await(() -> !names.contains("one"));

    Path aside = temp.resolve("a/aside");
    Files.move(folder, aside);
    await(() -> missing.contains(folder));

    Files.createDirectory(folder);
    Files.createFile(folder.resolve("anew"));
    await(() -> names.equals(Set.of("anew")));
    assertThat(names).doesNotContain("more0");
  }
}
