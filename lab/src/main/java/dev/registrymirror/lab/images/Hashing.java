package dev.registrymirror.lab.images;

import dev.registrymirror.agent.oci.Digest;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Passes bytes on, counts them, and knows their SHA-256. */
final class Hashing extends FilterOutputStream {

  private final MessageDigest hash;
  private long count;

  Hashing(OutputStream out) {
    super(out);
    hash = sha256();
  }

  static Digest of(byte[] bytes) {
    return digest(sha256().digest(bytes));
  }

  @Override
  public void write(int oneByte) throws IOException {
    write(new byte[] {(byte) oneByte}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    out.write(bytes, offset, length);
    hash.update(bytes, offset, length);
    count += length;
  }

  /** The digest of all that was written; to be asked once, at the end. */
  Digest digest() {
    return digest(hash.digest());
  }

  /** Bytes written so far. */
  long count() {
    return count;
  }

  private static Digest digest(byte[] hash) {
    return new Digest(Digest.Algorithm.SHA256, HexFormat.of().formatHex(hash));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance(Digest.Algorithm.SHA256.jcaName());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
