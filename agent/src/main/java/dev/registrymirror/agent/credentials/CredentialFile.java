package dev.registrymirror.agent.credentials;

import dev.registrymirror.agent.telemetry.Log;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * The credentials in a file: one {@code user:password} a line; blank lines and lines that begin
 * with {@code #} count for nothing. The first is written into hosts.toml, all are accepted: so a
 * new one is put first, and the old one is taken out when every node has the new.
 *
 * <p>The file is mounted and changes while the agent runs: {@link #reload()} is called now and
 * then.
 */
public final class CredentialFile {

  private static final Log log = Log.of("credentials");

  /** A rotation needs two or three; more lines are a mistake. */
  public static final int MAX_CREDENTIALS = 16;

  /** Bytes; a longer file is not read. */
  public static final int MAX_FILE_SIZE = 64 * 1024;

  private final Path file;

  /** Read by many threads, replaced as a whole by the one that reloads. */
  private volatile List<Credential> credentials;

  private CredentialFile(Path file, List<Credential> credentials) {
    this.file = file;
    this.credentials = credentials;
  }

  /**
   * Reads the file.
   *
   * @throws IOException where it cannot be read, or holds no credential or a malformed one; the
   *     message names file and line, never the line's text
   */
  public static CredentialFile open(Path file) throws IOException {
    return new CredentialFile(file, read(file));
  }

  /** The one that the node's containerd is to show. */
  public Credential first() {
    return credentials.getFirst();
  }

  /**
   * Whether a request may be served. Takes the same time whichever credential matches, and however
   * much of one does.
   *
   * @param authorization the value of the request's {@code Authorization} header; null where it has
   *     none
   */
  public boolean accepts(String authorization) {
    if (authorization == null) {
      return false;
    }
    byte[] shown = authorization.getBytes(StandardCharsets.UTF_8);
    boolean accepted = false;
    for (Credential credential : credentials) {
      byte[] known = credential.authorization().getBytes(StandardCharsets.UTF_8);
      accepted |= MessageDigest.isEqual(known, shown);
    }
    return accepted;
  }

  /**
   * Reads the file again. Where it cannot be read or is malformed, what was known stays in force
   * and a warning is logged: a half-done rotation must not lock the node out.
   *
   * @return whether the credentials changed
   */
  public boolean reload() {
    List<Credential> read;
    try {
      read = read(file);
    } catch (IOException e) {
      log.warn("credential file not reloaded", "file", file, "cause", e.getMessage());
      return false;
    }
    if (read.equals(credentials)) {
      return false;
    }
    credentials = read;
    log.info("credential file reloaded", "file", file, "credentials", read.size());
    return true;
  }

  private static List<Credential> read(Path file) throws IOException {
    byte[] bytes;
    try (var in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_FILE_SIZE + 1);
    }
    if (bytes.length > MAX_FILE_SIZE) {
      throw new IOException(file + ": longer than " + MAX_FILE_SIZE + " bytes");
    }
    List<Credential> found = new ArrayList<>();
    int lineNumber = 0;
    for (String line : decode(file, bytes).split("\r?\n", -1)) {
      lineNumber++;
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      try {
        found.add(Credential.parse(line));
      } catch (IllegalArgumentException e) {
        throw new IOException(file + ":" + lineNumber + ": " + e.getMessage(), e);
      }
    }
    if (found.isEmpty() || found.size() > MAX_CREDENTIALS) {
      throw new IOException(
          file + ": " + found.size() + " credentials, expected 1 to " + MAX_CREDENTIALS);
    }
    return List.copyOf(found);
  }

  private static String decode(Path file, byte[] bytes) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new IOException(file + ": not UTF-8", e);
    }
  }
}
