package dev.registrymirror.operator.crd;

/** How much the agents log, as their {@code --log-level} takes it. */
public enum LogLevel {
  debug,
  info,
  warn,
  error
}
