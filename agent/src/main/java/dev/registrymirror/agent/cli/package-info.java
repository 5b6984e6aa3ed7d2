/**
 * The command line: the options of {@code mirror-agent}, their environment variables, and the
 * immutable records that they are read into. Knows no command's body; see {@link
 * dev.registrymirror.agent.Main}.
 */
package dev.registrymirror.agent.cli;
