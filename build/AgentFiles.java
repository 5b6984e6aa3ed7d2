import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * {@code AgentFiles.java <distribution> <folder> <time>}: the agent's files as its image has them.
 * All are of that time, as an AOT cache is valid only for jars and a runtime of the same time, and
 * images are to be the same however often they are made; and the cache, that of mutual TLS alone,
 * is made of these.
 */
final class AgentFiles {
  private AgentFiles() {}

  public static void main(String[] args) throws Exception {
    Path distribution = Path.of(args[0]).toAbsolutePath();
    Path folder = Path.of(args[1]).toAbsolutePath();
    FileTime time = FileTime.from(Instant.parse(args[2]));
    for (String part : List.of("runtime", "lib")) {
      copy(distribution.resolve(part), folder.resolve(part), time);
    }
    Path cache = folder.resolve("lib/mirror-agent-tls.aot");
    // Whether it is current cannot be told from times that are all the same.
    Files.deleteIfExists(cache);
    new Training(folder, cache, true).train();
  }

  private static void copy(Path from, Path to, FileTime time) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(path -> !path.toString().endsWith(".aot")).toList()) {
        Path copy = to.resolve(from.relativize(file));
        if (Files.isDirectory(file)) {
          Files.createDirectories(copy);
        } else {
          Files.copy(
              file, copy, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
          Files.setLastModifiedTime(copy, time);
        }
      }
    }
  }
}
