package dev.registrymirror.agent.cli;

/**
 * How much this node gives and takes.
 *
 * @param fanOut followers that take one download from one node, as this node arranges it where it
 *     is a home
 * @param uploadLimit to other nodes, in bytes a second; 0: none
 * @param downloadLimit from other nodes, in bytes a second; 0: none
 */
public record TransferOptions(int fanOut, long uploadLimit, long downloadLimit) {

  public static final TransferOptions DEFAULTS = new TransferOptions(2, 0, 0);
}
