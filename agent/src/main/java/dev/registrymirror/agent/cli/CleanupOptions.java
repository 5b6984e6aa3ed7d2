package dev.registrymirror.agent.cli;

import java.net.InetSocketAddress;
import java.nio.file.Path;

/**
 * The options of {@code cleanup}.
 *
 * @param hold whether to stay when all is restored, Ready, until SIGTERM
 * @param metricsListen where {@code /readyz} is answered while it holds
 * @param logLevel {@code debug}, {@code info}, {@code warn} or {@code error}
 */
public record CleanupOptions(
    Path hostsDir, Path stateDir, boolean hold, InetSocketAddress metricsListen, String logLevel) {}
