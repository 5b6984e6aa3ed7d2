/**
 * Real Kubernetes on this machine: {@link dev.registrymirror.lab.cluster.ControlPlane}, an API
 * server for tests of what speaks to it.
 */
package dev.registrymirror.lab.cluster;
