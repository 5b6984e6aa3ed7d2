package dev.registrymirror.agent.cli;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.agent.hosts.TagPolicy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The options of {@code serve}, all valid and none contradicting another.
 *
 * @param nodeIp where the other nodes reach this one; with the port of {@code peerListen} it is
 *     this node's identity
 * @param zone empty where unknown
 * @param listen for the node's containerd
 * @param peerListen for other agents
 * @param metricsListen for metrics, readiness, status and the page
 * @param peerTls empty for plaintext
 * @param credentialFile empty where containerd shows no credential
 * @param hostsDir may not exist
 * @param stateDir may not exist
 * @param logLevel {@code debug}, {@code info}, {@code warn} or {@code error}
 */
public record ServeOptions(
    StoreOptions store,
    String nodeName,
    InetAddress nodeIp,
    String zone,
    InetSocketAddress listen,
    InetSocketAddress peerListen,
    InetSocketAddress metricsListen,
    MembersOptions members,
    Optional<PeerTls> peerTls,
    Optional<Path> credentialFile,
    Path hostsDir,
    Path stateDir,
    TagPolicy tags,
    TransferOptions transfers,
    Deadlines deadlines,
    String logLevel) {}
