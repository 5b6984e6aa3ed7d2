package dev.registrymirror.agent.tags;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** A certificate made by the JDK's own keytool for one test run, and nowhere trusted. */
final class TestCertificates {

  private static final String PASSWORD = "changeit";

  private final Path folder;

  /**
   * @param names {@code dns:registry.example}, {@code ip:127.0.0.1}
   */
  TestCertificates(Path folder, String... names) throws IOException, InterruptedException {
    this.folder = folder;
    keytool(
        List.of(
            "-genkeypair",
            "-keyalg",
            "EC",
            "-dname",
            "CN=test",
            "-ext",
            "bc=ca:true",
            "-ext",
            "san=" + String.join(",", names),
            "-validity",
            "2"));
    keytool(List.of("-exportcert", "-rfc", "-file", authority().toString()));
  }

  /** The PEM file by which the certificate is trusted. */
  Path authority() {
    return folder.resolve("ca.pem");
  }

  SSLContext server() throws IOException, GeneralSecurityException {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream file = Files.newInputStream(folder.resolve("keys.p12"))) {
      keys.load(file, PASSWORD.toCharArray());
    }
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(keys, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(factory.getKeyManagers(), null, null);
    return context;
  }

  private void keytool(List<String> arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(arguments);
    command.addAll(
        List.of(
            "-alias",
            "test",
            "-storetype",
            "PKCS12",
            "-storepass",
            PASSWORD,
            "-keystore",
            folder.resolve("keys.p12").toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException("keytool: " + said);
    }
  }
}
