package dev.registrymirror.agent.store;

import dev.registrymirror.agent.oci.Digest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A small image of one layer, for tests.
 *
 * @param manifest its digest
 * @param blobs manifest, configuration and layer; the layer first, as tools write them
 */
public record TestImage(Digest manifest, Digest config, Digest layer, Map<Digest, byte[]> blobs) {

  /** An image that no other call with another {@code seed} makes. */
  public static TestImage of(long seed, int layerBytes) {
    byte[] layer = new byte[layerBytes];
    new Random(seed).nextBytes(layer);
    Digest layerDigest = digest(layer);
    // Built by hand: a test must not depend on what it tests.
    byte[] config =
        """
        {"architecture":"amd64","os":"linux","author":"%d","config":{},\
        "rootfs":{"type":"layers","diff_ids":["%s"]}}\
        """
            .formatted(seed, layerDigest)
            .getBytes(StandardCharsets.UTF_8);
    byte[] manifest =
        """
        {"schemaVersion":2,"mediaType":"%s",\
        "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},\
        "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":%d}]}\
        """
            .formatted(
                Manifest.OCI_MANIFEST, digest(config), config.length, layerDigest, layer.length)
            .getBytes(StandardCharsets.UTF_8);
    Map<Digest, byte[]> blobs = new LinkedHashMap<>();
    for (byte[] blob : List.of(layer, config, manifest)) {
      blobs.put(digest(blob), blob);
    }
    return new TestImage(digest(manifest), digest(config), layerDigest, blobs);
  }

  /** The SHA-256 of {@code bytes}. */
  public static Digest digest(byte[] bytes) {
    try {
      return Digest.parse(
          "sha256:" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /** Of the manifest, in bytes. */
  public long manifestSize() {
    return blobs.get(manifest).length;
  }
}
