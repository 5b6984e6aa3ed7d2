package dev.registrymirror.lab.images;

import dev.registrymirror.lab.machine.Command;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** OCI archives of images that have busybox under all its names in /bin, and nothing else. */
public final class BusyboxArchive {

  private static final String LAYER = "application/vnd.oci.image.layer.v1.tar";
  private static final int EXECUTABLE = 0755;
  // What runs where nothing else is asked for: nothing, for long.
  private static final List<String> COMMAND = List.of("sleep", "2147483647");

  private BusyboxArchive() {}

  /**
   * Writes one.
   *
   * @param busybox the program, which needs no library
   * @param name that {@code ctr images import} gives it: {@code localhost/pause:1}
   * @param environment of what runs in it
   * @return {@code archive}
   */
  public static Path write(
      Path busybox, Path archive, String name, Map<String, String> environment) {
    byte[] layer = layer(busybox);
    Descriptor layerDescriptor = new Descriptor(LAYER, Hashing.of(layer), layer.length);
    List<String> variables = new ArrayList<>(List.of("PATH=/bin"));
    environment.forEach((variable, value) -> variables.add(variable + "=" + value));
    byte[] config =
        ImageJson.config(
            ImageRecipe.machine(), List.of(layerDescriptor.digest()), COMMAND, variables);
    byte[] manifest =
        ImageJson.manifest(
            new Descriptor(ImageJson.CONFIG, Hashing.of(config), config.length),
            List.of(layerDescriptor),
            0);
    String index =
        """
        {"schemaVersion":2,"manifests":[{"mediaType":"%s","digest":"%s","size":%d,\
        "annotations":{"io.containerd.image.name":"%s"}}]}
        """
            .formatted(ImageJson.MANIFEST, Hashing.of(manifest), manifest.length, name);
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(archive))) {
      put(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8));
      put(tar, "index.json", index.getBytes(StandardCharsets.UTF_8));
      for (byte[] blob : List.of(manifest, config, layer)) {
        put(tar, "blobs/sha256/" + Hashing.of(blob).hex(), blob);
      }
      return archive;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] layer(Path busybox) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      for (String directory : List.of("bin/", "etc/", "tmp/")) {
        put(tar, directory, new byte[0]);
      }
      put(tar, "bin/busybox", Files.readAllBytes(busybox));
      for (String applet : Command.run(busybox.toString(), "--list").lines().toList()) {
        if (!applet.equals("busybox")) {
          TarArchiveEntry link = new TarArchiveEntry("bin/" + applet, TarConstants.LF_SYMLINK);
          link.setLinkName("busybox");
          tar.putArchiveEntry(link);
          tar.closeArchiveEntry();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void put(TarArchiveOutputStream tar, String name, byte[] content)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setSize(content.length);
    entry.setModTime(0);
    entry.setMode(EXECUTABLE);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }
}
