package dev.registrymirror.agent.cli;

import java.nio.file.Path;

/**
 * The options of {@code doctor}: those of the commands whose work it looks into, and where
 * containerd's own configuration is.
 *
 * @param containerdConfig may not exist or not be readable
 */
public record DoctorOptions(
    ServeOptions serve, ConfigureOptions configure, Path containerdConfig) {}
