import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.ImageReference;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainer;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.RegistryImage;
import com.google.cloud.tools.jib.api.TarImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import com.google.cloud.tools.jib.api.buildplan.FilePermissions;
import com.google.cloud.tools.jib.api.buildplan.ImageFormat;
import com.google.cloud.tools.jib.api.buildplan.Platform;
import com.google.cloud.tools.jib.frontend.CredentialRetrieverFactory;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * {@code Images.java <repository> <version> <time> [--push=PREFIX] [--arm64-jdk=JDK
 * --arm64-root=ROOT]}: the images of agent and operator, from scratch, without Docker: as archives
 * under {@code images/target} or, with a prefix, into a registry as {@code PREFIX/agent:VERSION}.
 * Whom the registry knows is in Docker's own configuration.
 *
 * <p>Each has a Java runtime, the jars, and of the system only the C library of the machine that
 * this runs on, which so is to be Debian or alike. For arm64 the runtime is made of a JDK's jmods
 * of the same release for it, and the C library comes from a Debian's root for it.
 */
final class Images {

  /** What a Java runtime of OpenJDK is linked with. */
  private static final List<String> GLIBC =
      List.of("libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1");

  /** And what Debian's own is linked with besides, where others have it in themselves. */
  private static final List<String> DEBIANS =
      List.of("libgcc_s.so.1", "libstdc++.so.6", "libz.so.1");

  /** Where the chart looks for images by default, so that it finds those of loaded archives. */
  private static final String EXAMPLE = "registry.example.com/registry-mirror";

  /** A machine: where Debian has its C library, and the loader, which each program names. */
  private record Machine(String name, String libraries, String loader, Path root) {}

  private record Image(
      String name, String title, String home, Path files, String user, Optional<String> command) {}

  private final Path repository;
  private final String version;
  private final Instant time;
  private final Optional<String> push;

  private Images(Path repository, String version, Instant time, Optional<String> push) {
    this.repository = repository;
    this.version = version;
    this.time = time;
    this.push = push;
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options =
        Arrays.stream(args)
            .skip(3)
            .map(option -> option.split("=", 2))
            .filter(option -> !option[1].isEmpty())
            .collect(Collectors.toMap(option -> option[0], option -> option[1]));
    Path repository = Path.of(args[0]);
    Images images =
        new Images(
            repository,
            args[1],
            Instant.parse(args[2]),
            Optional.ofNullable(options.get("--push")));
    Image agent =
        new Image(
            "agent",
            "Registry Mirror: agent",
            "/opt/mirror-agent",
            repository.resolve("images/target/mirror-agent"),
            "0",
            Optional.of("mirror-agent"));
    Image operator =
        new Image(
            "operator",
            "Registry Mirror: operator",
            "/opt/operator",
            repository.resolve("operator/target/operator"),
            "65532",
            Optional.empty());
    Machine amd64 =
        new Machine("amd64", "lib/x86_64-linux-gnu", "lib64/ld-linux-x86-64.so.2", Path.of("/"));
    for (Image image : List.of(agent, operator)) {
      images.make(image, amd64, image.files().resolve("runtime"));
    }
    if (options.containsKey("--arm64-jdk")) {
      Machine arm64 =
          new Machine(
              "arm64",
              "lib/aarch64-linux-gnu",
              "lib/ld-linux-aarch64.so.1",
              Path.of(options.get("--arm64-root")));
      for (Image image : List.of(agent, operator)) {
        Path runtime = repository.resolve("images/target/" + image.name() + "-arm64/runtime");
        JavaRuntime.link(runtime, modules(image), Optional.of(Path.of(options.get("--arm64-jdk"))));
        images.make(image, arm64, runtime);
      }
    }
  }

  /** Those of the runtime that this machine has. */
  private static List<String> modules(Image image) throws IOException {
    return Files.readAllLines(image.files().resolve("runtime/release")).stream()
        .filter(line -> line.startsWith("MODULES="))
        .flatMap(line -> Arrays.stream(line.replaceAll("MODULES=|\"", "").split(" ")))
        .toList();
  }

  private void make(Image image, Machine machine, Path runtime) throws Exception {
    boolean isHere = machine.name().equals("amd64");
    Path lib = image.files().resolve("lib");
    String own = image.name() + ".jar";
    Predicate<Path> isCache = file -> file.toString().endsWith(".aot");
    Predicate<Path> isOwn = file -> file.endsWith(own) || file.endsWith("jvm.options");
    JibContainerBuilder builder =
        Jib.fromScratch()
            .setFormat(ImageFormat.OCI)
            .setPlatforms(Set.of(new Platform(machine.name(), "linux")))
            .setCreationTime(time)
            .setUser(image.user())
            .setWorkingDirectory(AbsoluteUnixPath.get("/"))
            .setLabels(
                Map.of(
                    "org.opencontainers.image.title",
                    image.title(),
                    "org.opencontainers.image.version",
                    version,
                    "org.opencontainers.image.licenses",
                    "Apache-2.0"))
            .setEntrypoint(entrypoint(image, own))
            // What changes least comes first.
            .addFileEntriesLayer(system(machine, runtime))
            .addFileEntriesLayer(
                layer(
                    "runtime",
                    runtime,
                    image.home() + "/runtime",
                    file -> !file.endsWith("made-of")))
            .addFileEntriesLayer(
                layer("libraries", lib, image.home() + "/lib", isCache.or(isOwn).negate()))
            .addFileEntriesLayer(layer("own", lib, image.home() + "/lib", isOwn));
    if (image.command().isPresent()) {
      builder.addFileEntriesLayer(command(image, own));
    }
    // A cache is of one machine's code.
    if (isHere && Files.exists(lib.resolve(cache(image)))) {
      builder.addFileEntriesLayer(layer("cache", lib, image.home() + "/lib", isCache));
    }
    JibContainer made = builder.containerize(to(image, machine));
    System.out.println(made.getTargetImage() + " " + made.getDigest());
  }

  private static String cache(Image image) {
    return "mirror-" + image.name() + "-tls.aot";
  }

  /** A cache that is not there, or does not fit, is passed over by the JVM. */
  private static List<String> entrypoint(Image image, String own) {
    return Stream.of(
            image.home() + "/runtime/bin/java",
            "@" + image.home() + "/lib/jvm.options",
            image.name().equals("agent")
                ? "-XX:AOTCache=" + image.home() + "/lib/" + cache(image)
                : "",
            "-jar",
            image.home() + "/lib/" + own)
        .filter(part -> !part.isEmpty())
        .toList();
  }

  private Containerizer to(Image image, Machine machine) throws Exception {
    String tag = machine.name().equals("amd64") ? version : version + "-" + machine.name();
    Path target = repository.resolve("images/target");
    Containerizer containerizer;
    if (push.isPresent()) {
      ImageReference reference = ImageReference.parse(push.get() + "/" + image.name() + ":" + tag);
      containerizer =
          Containerizer.to(
              RegistryImage.named(reference)
                  .addCredentialRetriever(
                      CredentialRetrieverFactory.forImage(reference, event -> {}).dockerConfig()));
    } else {
      containerizer =
          Containerizer.to(
              TarImage.at(target.resolve(image.name() + "-" + machine.name() + ".tar"))
                  .named(EXAMPLE + "/" + image.name() + ":" + tag));
    }
    return containerizer
        .setToolName("registry-mirror")
        .setBaseImageLayersCache(target.resolve("jib-base"))
        .setApplicationLayersCache(target.resolve("jib"));
  }

  /**
   * The command for who is in the container, where there is no shell that could run a script: the
   * kernel runs Java, for which the file is a jar, as a jar may have a line before it.
   */
  private FileEntriesLayer command(Image image, String jar) throws IOException {
    String name = image.command().orElseThrow();
    Path folder =
        Files.createDirectories(repository.resolve("images/target/" + image.name() + "-command"));
    String options = image.home() + "/lib/command.options";
    Files.writeString(
        folder.resolve("command.options"),
        Files.readString(image.files().resolve("lib/jvm.options")) + "-jar\n");
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, mainClass(image, jar));
    manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, image.home() + "/lib/" + jar);
    try (OutputStream file = Files.newOutputStream(folder.resolve(name))) {
      file.write(("#!" + image.home() + "/runtime/bin/java @" + options + "\n").getBytes(UTF_8));
      try (ZipOutputStream zip = new ZipOutputStream(file)) {
        ZipEntry entry = new ZipEntry(JarFile.MANIFEST_NAME);
        entry.setLastModifiedTime(FileTime.from(time));
        zip.putNextEntry(entry);
        manifest.write(zip);
      }
    }
    FileEntriesLayer.Builder layer = FileEntriesLayer.builder().setName("command");
    add(layer, folder.resolve("command.options"), options, false);
    add(layer, folder.resolve(name), "/usr/local/bin/" + name, true);
    return layer.build();
  }

  private static String mainClass(Image image, String jar) throws IOException {
    try (JarFile file = new JarFile(image.files().resolve("lib").resolve(jar).toFile())) {
      return file.getManifest().getMainAttributes().getValue(Attributes.Name.MAIN_CLASS);
    }
  }

  private FileEntriesLayer system(Machine machine, Path runtime) throws IOException {
    String natives = natives(runtime);
    FileEntriesLayer.Builder layer = FileEntriesLayer.builder().setName("system");
    for (String file :
        Stream.of(
                GLIBC.stream().map(name -> machine.libraries() + "/" + name),
                DEBIANS.stream()
                    .filter(natives::contains)
                    .map(name -> machine.libraries() + "/" + name),
                Stream.of(machine.loader()))
            .flatMap(Function.identity())
            .sorted()
            .toList()) {
      add(layer, machine.root().resolve(file), "/" + file, true);
    }
    return layer.build();
  }

  /**
   * All native libraries one after the other, which have the names of what they are linked with.
   */
  private static String natives(Path runtime) throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.walk(runtime.resolve("lib"))) {
      for (Path file : files.filter(path -> path.toString().endsWith(".so")).toList()) {
        all.append(Files.readString(file, ISO_8859_1));
      }
    }
    return all.toString();
  }

  /** The files below a folder, sorted, with the same time each. */
  private FileEntriesLayer layer(String name, Path folder, String target, Predicate<Path> isPart)
      throws IOException {
    FileEntriesLayer.Builder layer = FileEntriesLayer.builder().setName(name);
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).filter(isPart).sorted().toList()) {
        add(layer, file, target + "/" + folder.relativize(file), Files.isExecutable(file));
      }
    }
    return layer.build();
  }

  private void add(FileEntriesLayer.Builder layer, Path file, String target, boolean isExecutable) {
    layer.addEntry(
        file,
        AbsoluteUnixPath.get(target),
        FilePermissions.fromOctalString(isExecutable ? "755" : "644"),
        time);
  }
}
