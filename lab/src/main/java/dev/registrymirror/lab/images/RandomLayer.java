package dev.registrymirror.lab.images;

import java.io.IOException;
import java.io.OutputStream;
import java.util.SplittableRandom;
import java.util.zip.Deflater;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipParameters;

/**
 * A layer: a tar archive of one file of random bytes, gzipped as real ones are.
 *
 * @param file the name of the file
 * @param bytes its size
 */
record RandomLayer(String file, long bytes, long seed) {

  static final String MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip";

  private static final int CHUNK = 1 << 16;

  /** Writes the tar archive to {@code plain}, whose digest is the layer's diff ID. */
  void writeTo(OutputStream plain) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(plain)) {
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      TarArchiveEntry entry = new TarArchiveEntry(file);
      entry.setSize(bytes);
      entry.setModTime(0);
      tar.putArchiveEntry(entry);
      byte[] chunk = new byte[CHUNK];
      for (long left = bytes; left > 0; left -= CHUNK) {
        random.nextBytes(chunk);
        tar.write(chunk, 0, (int) Math.min(left, CHUNK));
      }
      tar.closeArchiveEntry();
    }
  }

  // Stored, not deflated: for random bytes every level ends there, this one at once.
  static OutputStream gzip(OutputStream compressed) throws IOException {
    GzipParameters parameters = new GzipParameters();
    parameters.setCompressionLevel(Deflater.NO_COMPRESSION);
    return new GzipCompressorOutputStream(compressed, parameters);
  }
}
