/** Pulls as kubelet does: CRI over containerd's socket. */
package dev.registrymirror.lab.cri;
