/**
 * Real Kubernetes on this machine. {@link dev.registrymirror.lab.cluster.ControlPlane} is an API
 * server, for tests of what speaks to it, and needs no root; {@link
 * dev.registrymirror.lab.cluster.Cluster} has nodes too, each a {@link
 * dev.registrymirror.lab.cluster.ClusterNode}.
 */
package dev.registrymirror.lab.cluster;
