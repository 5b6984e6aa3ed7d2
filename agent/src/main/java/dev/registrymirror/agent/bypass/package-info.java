/** Whether this node's containerd asks the mirror, and why not. */
package dev.registrymirror.agent.bypass;
