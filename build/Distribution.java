import java.nio.file.Path;
import java.util.List;

/**
 * {@code Distribution.java <folder>}: puts into the agent's folder, where {@code bin} and {@code
 * lib} are already, a Java runtime of the modules that it needs, and an AOT cache (JEP 483, 514) of
 * what it loads in a short real use. Each is made again only when what it is made of has changed.
 *
 * <p>A program of its own, because the runtime must come from the JDK 25 that it runs on, and
 * Maven's may be an older one.
 */
final class Distribution {
  private Distribution() {}

  /** What the agent and its libraries use, as jdeps tells, less what they only look for. */
  private static final List<String> MODULES =
      List.of(
          "java.base",
          "java.logging",
          "java.management",
          "java.naming",
          "java.net.http",
          // cleanup --hold.
          "jdk.httpserver",
          // Netty and protobuf: Unsafe.
          "jdk.unsupported");

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]).toAbsolutePath();
    JavaRuntime.link(folder.resolve("runtime"), MODULES);
    new Training(folder, folder.resolve("lib/mirror-agent.aot"), false).train();
    new Training(folder, folder.resolve("lib/mirror-agent-tls.aot"), true).train();
  }
}
