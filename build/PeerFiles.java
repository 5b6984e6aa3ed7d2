import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * What mutual TLS between agents takes, made by the JDK's keytool: an authority, and a certificate
 * of it with its key.
 */
record PeerFiles(Path certificate, Path key, Path authority) {

  private static final String PASSWORD = "training";

  static PeerFiles make(Path folder)
      throws IOException, InterruptedException, GeneralSecurityException {
    Path store = folder.resolve("peer.p12");
    keytool(store, "authority", "-ext", "bc:critical");
    keytool(store, "peer", "-signer", "authority", "-ext", "san=dns:peer.registrymirror.dev");
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    Certificate[] chain = keys.getCertificateChain("peer");
    return new PeerFiles(
        pem(folder.resolve("peer.pem"), "CERTIFICATE", chain[0].getEncoded()),
        pem(
            folder.resolve("peer-key.pem"),
            "PRIVATE KEY",
            keys.getKey("peer", PASSWORD.toCharArray()).getEncoded()),
        pem(folder.resolve("peer-ca.pem"), "CERTIFICATE", chain[1].getEncoded()));
  }

  /** The options that name them to an agent. */
  List<String> options() {
    return List.of("--peer-cert=" + certificate, "--peer-key=" + key, "--peer-ca=" + authority);
  }

  private static void keytool(Path store, String name, String... more)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-genkeypair", "-alias", name, "-dname", "CN=" + name));
    command.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1"));
    command.addAll(List.of("-keystore", store.toString(), "-storepass", PASSWORD));
    command.addAll(List.of(more));
    // It says on stderr what it makes, and on stdout what is wrong.
    Process keytool = new ProcessBuilder(command).redirectError(Redirect.DISCARD).start();
    String wrong = new String(keytool.getInputStream().readAllBytes(), Charset.defaultCharset());
    if (keytool.waitFor() != 0) {
      throw new IOException("keytool failed: " + wrong);
    }
  }

  private static Path pem(Path file, String what, byte[] content) throws IOException {
    String body = Base64.getMimeEncoder(64, "\n".getBytes(US_ASCII)).encodeToString(content);
    return Files.writeString(
        file, "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(what, body, what));
  }
}
