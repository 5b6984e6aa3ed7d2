import com.google.googlejavaformat.java.Formatter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * {@code Format.java check|apply <folder> <stamp>}: holds the Java files of a folder to
 * google-java-format. Files older than the stamp, which every success touches, are not read again.
 *
 * <p>A program of its own, because the formatter reads the language of the JDK that it runs on and
 * Maven's may be an older one.
 */
final class Format {
  private Format() {}

  public static void main(String[] args) throws Exception {
    boolean apply = args[0].equals("apply");
    Path folder = Path.of(args[1]);
    Path stamp = Path.of(args[2]);
    FileTime begun = FileTime.fromMillis(System.currentTimeMillis());
    List<Path> unformatted = new ArrayList<>();
    for (Path file : changedSince(stamp, folder)) {
      String source = Files.readString(file);
      String formatted = new Formatter().formatSourceAndFixImports(source);
      if (!formatted.equals(source)) {
        unformatted.add(file);
        if (apply) {
          Files.writeString(file, formatted);
        }
      }
    }
    unformatted.forEach(file -> System.out.println(apply ? "formatted " + file : file));
    if (!apply && !unformatted.isEmpty()) {
      System.out.println("These files are not in google-java-format: run `make format`.");
      System.exit(1);
    }
    Files.createDirectories(stamp.getParent());
    Files.writeString(stamp, "");
    Files.setLastModifiedTime(stamp, begun);
  }

  private static List<Path> changedSince(Path stamp, Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    FileTime checked =
        Files.exists(stamp) ? Files.getLastModifiedTime(stamp) : FileTime.fromMillis(0);
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> changed = new ArrayList<>();
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        if (Files.getLastModifiedTime(file).compareTo(checked) >= 0) {
          changed.add(file);
        }
      }
      return changed;
    }
  }
}
