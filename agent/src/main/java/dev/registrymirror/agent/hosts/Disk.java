package dev.registrymirror.agent.hosts;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Changes files so that a reader never sees half of one and a crash loses nothing: into a temporary
 * file beside the target, to the disk, then renamed. Follows no symbolic link.
 *
 * <p>Temporary names begin with a dot and end with {@code .tmp}: containerd looks for no such
 * registry, nor certificate. They are fixed, so that the next run finds what a crash has left.
 */
class Disk {

  /** Bytes; a longer file is no configuration. */
  static final int MAX_FILE_SIZE = 1024 * 1024;

  /** Files in one directory; more are no configuration. */
  static final int MAX_ENTRIES = 10_000;

  private static final String TEMPORARY = ".registry-mirror.tmp";

  /** Called after each step that changes something: where a test crashes. */
  void changed(String step, Path path) {}

  static boolean isFile(Path path) {
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
  }

  static boolean isDirectory(Path path) {
    return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
  }

  static boolean isThere(Path path) {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * The bytes of a file, empty where there is none.
   *
   * @throws IOException where it cannot be read, is longer than {@link #MAX_FILE_SIZE}, or is no
   *     file but a symbolic link or a directory
   */
  static Optional<byte[]> read(Path file) throws IOException {
    if (!isThere(file)) {
      return Optional.empty();
    }
    if (!isFile(file)) {
      throw new IOException(file + ": not a file of its own; symbolic links are not followed");
    }
    try (var in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      byte[] bytes = in.readNBytes(MAX_FILE_SIZE + 1);
      if (bytes.length > MAX_FILE_SIZE) {
        throw new IOException(file + ": longer than " + MAX_FILE_SIZE + " bytes");
      }
      return Optional.of(bytes);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** The permissions of a file as {@code rw-r--r--}. */
  static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(
        Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS));
  }

  /** The entries of a directory in the order of their names; none where it is not there. */
  static List<Path> list(Path directory) throws IOException {
    if (!isThere(directory)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      List<Path> found = entries.limit(MAX_ENTRIES + 1L).sorted().toList();
      if (found.size() > MAX_ENTRIES) {
        throw new IOException(directory + ": more than " + MAX_ENTRIES + " entries");
      }
      return found;
    }
  }

  /**
   * Puts a file in place at once; its directory is made, at once with it, where it is not there.
   *
   * @param mode as {@code rw-r--r--}
   */
  void write(Path file, byte[] bytes, String mode) throws IOException {
    Path directory = file.getParent();
    if (isDirectory(directory)) {
      Path temporary = temporary(file);
      writeThrough(temporary, bytes, mode);
      rename(temporary, file);
      return;
    }
    // An empty directory would tell containerd that this registry has no mirror.
    Path temporary = temporary(directory);
    discard(temporary);
    makeDirectory(temporary, "rwxr-xr-x");
    writeThrough(temporary.resolve(file.getFileName()), bytes, mode);
    sync(temporary);
    rename(temporary, directory);
  }

  /** Makes a directory and those above it, where they are not there. */
  void makeDirectories(Path directory, String mode) throws IOException {
    if (directory != null && !Files.isDirectory(directory)) {
      makeDirectories(directory.getParent(), mode);
      makeDirectory(directory, mode);
    }
  }

  void makeDirectory(Path directory, String mode) throws IOException {
    Set<PosixFilePermission> permissions = PosixFilePermissions.fromString(mode);
    Files.createDirectory(directory);
    changed("make", directory);
    // The process' umask may have taken some away.
    Files.setPosixFilePermissions(directory, permissions);
    sync(directory.toAbsolutePath().getParent());
  }

  /** Removes a file, if it is there. */
  void remove(Path file) throws IOException {
    if (Files.deleteIfExists(file)) {
      changed("remove", file);
      sync(file.getParent());
    }
  }

  /** Removes a directory, if it is there and nothing is in it. */
  void removeIfEmpty(Path directory) throws IOException {
    try {
      remove(directory);
    } catch (DirectoryNotEmptyException e) {
      // Somebody else's files: theirs to remove.
    }
  }

  /** Removes a file with its directory at once, where it is alone in there; else the file only. */
  void removeWithDirectory(Path file) throws IOException {
    Path directory = file.getParent();
    if (!list(directory).equals(List.of(file))) {
      remove(file);
      return;
    }
    Path temporary = temporary(directory);
    discard(temporary);
    rename(directory, temporary);
    discard(temporary);
  }

  /** Removes what a crash has left of a change to a file. */
  void tidy(Path file) throws IOException {
    discard(temporary(file));
    discard(temporary(file.getParent()));
  }

  private static Path temporary(Path path) {
    return path.resolveSibling("." + path.getFileName() + TEMPORARY);
  }

  /** Only for temporary names: a file, or a directory with files. */
  private void discard(Path temporary) throws IOException {
    if (isDirectory(temporary)) {
      for (Path file : new ArrayList<>(list(temporary))) {
        remove(file);
      }
    }
    remove(temporary);
  }

  private void writeThrough(Path file, byte[] bytes, String mode) throws IOException {
    Files.deleteIfExists(file);
    try (FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      changed("create", file);
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      changed("fill", file);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
      channel.force(true);
    }
    changed("sync", file);
  }

  private void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    changed("rename", to);
    sync(to.toAbsolutePath().getParent());
  }

  /** A rename or removal is safe only when its directory is on the disk. */
  private static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
