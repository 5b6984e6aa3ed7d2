package dev.registrymirror.agent;

import dev.registrymirror.agent.cli.CleanupOptions;
import dev.registrymirror.agent.cli.CommandLineTool;
import dev.registrymirror.agent.cli.Commands;
import dev.registrymirror.agent.cli.ConfigureOptions;
import dev.registrymirror.agent.cli.DoctorOptions;
import dev.registrymirror.agent.cli.ServeOptions;
import dev.registrymirror.agent.telemetry.JsonLines;

/** The command {@code mirror-agent}. Composes, decides nothing. */
public final class Main implements Commands {
  private Main() {}

  public static void main(String[] arguments) {
    CommandLineTool tool = new CommandLineTool(new Main(), System.getenv(), System.out, System.err);
    System.exit(tool.run(version(), arguments));
  }

  private static String version() {
    String version = Main.class.getPackage().getImplementationVersion();
    return version == null ? "(not packaged)" : version;
  }

  @Override
  public int serve(ServeOptions options) throws Exception {
    JsonLines.install(System.err, options.logLevel());
    return Serve.run(options, version());
  }

  @Override
  public int configure(ConfigureOptions options) throws Exception {
    JsonLines.install(System.err, options.logLevel());
    return new HostsCommands(System.out).configure(options);
  }

  @Override
  public int cleanup(CleanupOptions options) throws Exception {
    JsonLines.install(System.err, options.logLevel());
    return new HostsCommands(System.out).cleanup(options);
  }

  @Override
  public int doctor(DoctorOptions options) throws Exception {
    JsonLines.install(System.err, options.serve().logLevel());
    return new Examination(System.out).run(options);
  }
}
