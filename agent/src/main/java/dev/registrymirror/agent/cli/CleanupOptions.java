package dev.registrymirror.agent.cli;

import java.net.InetSocketAddress;
import java.nio.file.Path;

/**
 * The options of {@code cleanup}.
 *
 * @param nodeName for {@code /status}
 * @param hold whether to stay until SIGTERM, Ready once all is restored
 * @param metricsListen where {@code /readyz} and {@code /status} are answered while it holds
 * @param logLevel {@code debug}, {@code info}, {@code warn} or {@code error}
 */
public record CleanupOptions(
    Path hostsDir,
    Path stateDir,
    String nodeName,
    boolean hold,
    InetSocketAddress metricsListen,
    String logLevel) {}
